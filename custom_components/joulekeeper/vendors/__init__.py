"""The brands that Joulekeeper speaks to. The only module that names them.

None of their code is imported here: a home has one or two of them, and what it has not
takes no memory. `brands.py` loads the folder of a key when an account needs it.
"""

from typing import Final

VENDORS: Final = {
    "alphaess": "AlphaESS",
    "amber": "Amber",
    "anker": "Anker Solix",
    "fusionsolar": "Huawei FusionSolar",
    "redback": "Redback Technologies",
}
"""The names of those who are asked; the folder of each has a `VENDOR`."""

PUSH_TARGETS: Final = {"chargehq": "ChargeHQ"}
"""The names of those who are told what flows; the folder of each has a `TARGET`."""

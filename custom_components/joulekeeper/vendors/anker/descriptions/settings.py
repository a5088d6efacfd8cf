"""What can be set of a system and its devices (dossier 7.2).

A member's account can set nothing, nor can a bank be set that another one rules.
"""

from typing import Final

from .settings_calls import CALL_NUMBERS, CALL_SELECTS, CALL_SWITCHES
from .settings_plan import PLAN_NUMBERS, PLAN_SELECTS, PLAN_SWITCHES

# The mode comes first: what else is set at once may hang on it.
SETTING_SELECTS: Final = (*PLAN_SELECTS, *CALL_SELECTS)
SETTING_NUMBERS: Final = (*PLAN_NUMBERS, *CALL_NUMBERS)
SETTING_SWITCHES: Final = (*PLAN_SWITCHES, *CALL_SWITCHES)

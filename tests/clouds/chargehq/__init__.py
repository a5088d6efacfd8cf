"""The fake ChargeHQ push API.

Endpoint label, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`:
push. Whatever else is asked for is `unknown`.

What the real service does not say, for it accepts with 200 what it cannot use, the fake
keeps as flags beside each push: see `Push.flags`. Sections named in comments are those
of the vendor's dossier.
"""

from .behaviour import Behaviour
from .cloud import KEY, ChargeHqCloud
from .push import Push

__all__ = ["KEY", "Behaviour", "ChargeHqCloud", "Push"]

"""What chance decides in a process, decided by a seed."""

import random
from random import Random
from typing import Any
import uuid

_ids = Random()


def install() -> None:
    """Draw all ids from the seed; before anything that wants some is imported.

    What comes first of two is sometimes decided by a name.
    """
    patched: Any = uuid
    patched.uuid4 = lambda: uuid.UUID(int=_ids.getrandbits(128), version=4)


def decide(seed: str) -> None:
    """Let a seed decide from now on."""
    random.seed(seed)
    _ids.seed(f"ids {seed}")

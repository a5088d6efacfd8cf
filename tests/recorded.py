"""Answers of real clouds, anonymised, that lie beside the repository where it is built."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(
    os.environ.get("JOULEKEEPER_SHARED")
    or Path(__file__).resolve().parents[2] / "shared"
)


def recorded(vendor: str, system: str) -> dict[str, Any]:
    """Return all answers of a system by their names; skip where there are none."""
    folder = ROOT / "recorded" / vendor / system
    if not folder.is_dir():
        pytest.skip(f"the recorded answers of {system} are not here")
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("*.json"))
    }

"""The figures as a table for a person and as JSON for a program."""

from collections.abc import Iterable, Sequence
from typing import Any

from .figures import Figure

_HEAD = ("", "measured", "target", "met", "best before")
_MET = {None: "", True: "yes", False: "NO"}


def as_table(figures: Iterable[Figure]) -> str:
    """Return the table, numbers aligned to the right."""
    rows: list[Sequence[str]] = [_HEAD]
    rows += [
        (
            figure.text,
            _number(figure.value, figure.unit) or "not known",
            _number(figure.target, figure.unit),
            _MET[figure.met],
            _number(figure.best, figure.unit),
        )
        for figure in figures
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def as_json(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return the figures by key."""
    return {
        figure.key: {
            "text": figure.text.strip(),
            "value": None if figure.value is None else round(figure.value, 3),
            "unit": figure.unit,
            "target": figure.target,
            "met": figure.met,
            "best_before": figure.best,
        }
        for figure in figures
    }


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()

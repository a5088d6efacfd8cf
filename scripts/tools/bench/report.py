"""The figures as a table for a person and as JSON for a program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Figure

_HEAD = ("", "measured", "target", "met", "best before")
_MET = {None: "", True: "yes", False: "NO"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table of its own: who does how well in what."""

    title: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Figure]]

    @property
    def figures(self) -> Iterator[Figure]:
        """All of its cells."""
        return (figure for row in self.rows.values() for figure in row)


def as_table(items: Iterable[Figure | Comparison]) -> str:
    """Return the table, numbers aligned to the right, and comparisons after it."""
    items = list(items)
    figures = [item for item in items if isinstance(item, Figure)]
    comparisons = [item for item in items if isinstance(item, Comparison)]
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
    return "\n\n".join((_aligned(rows), *map(_comparison, comparisons)))


def _comparison(table: Comparison) -> str:
    rows: list[Sequence[str]] = [(table.title, *table.columns)]
    missed = []
    for name, figures in table.rows.items():
        rows.append((name, *(_number(item.value, item.unit) for item in figures)))
        missed += [
            f"target missed: {item.text}, at most {_number(item.target, item.unit)}"
            for item in figures
            if item.met is False
        ]
    return "\n".join((_aligned(rows), *missed))


def _aligned(rows: Sequence[Sequence[str]]) -> str:
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


def as_json(items: Iterable[Figure | Comparison]) -> dict[str, Any]:
    """Return the figures by key, those of comparisons too."""
    figures = (
        figure
        for item in items
        for figure in (item.figures if isinstance(item, Comparison) else (item,))
    )
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

"""The figures as tables for a person, in Markdown, and as JSON for a program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Figure

_HEAD = ("", "measured", "target", "met", "best before")
_TARGETS = ("target", "measured", "at most", "met", "reason")
_MET = {None: "", True: "yes", False: "NO"}

type Rows = list[Sequence[str]]


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


type Item = Figure | Comparison
type Parts = Mapping[str, Sequence[Item]]


def as_text(parts: Parts) -> str:
    """Return a table per part, numbers aligned to the right, and all targets."""
    tables = [table for name, items in parts.items() for table in _tables(name, items)]
    return "\n\n".join(_aligned(table) for table in (*tables, *_targets(parts)))


def as_markdown(parts: Parts, head: str, notes: Mapping[str, str]) -> str:
    """Return the tables as a document with a heading per part, targets first."""
    text = [head]
    for table in _targets(parts):
        text += ["## Targets", _piped(table)]
    for name, items in parts.items():
        text.append(f"## `scripts/bench {name}`")
        text += [notes[name]] if name in notes else []
        text += [_piped(table) for table in _tables(name, items)]
    return "\n\n".join(text) + "\n"


def as_json(parts: Parts) -> dict[str, Any]:
    """Return the figures by part and key, those of comparisons too."""
    return {
        name: {
            figure.key.replace(" ", "_"): {
                "text": figure.text.strip(),
                "value": None if figure.value is None else round(figure.value, 3),
                "unit": figure.unit,
                "target": figure.target,
                "met": figure.met,
                "reason": figure.reason if figure.met is False else "",
                "best_before": figure.best,
            }
            for figure in _flat(items)
        }
        for name, items in parts.items()
    }


def _flat(items: Iterable[Item]) -> Iterator[Figure]:
    for item in items:
        yield from item.figures if isinstance(item, Comparison) else (item,)


def _tables(name: str, items: Iterable[Item]) -> Iterator[Rows]:
    """Yield the figures of a part as one table, then its comparisons."""
    items = list(items)
    rows: Rows = [(name, *_HEAD[1:])]
    rows += [
        (
            figure.text,
            _number(figure.value, figure.unit) or "not known",
            _number(figure.target, figure.unit),
            _MET[figure.met],
            _number(figure.best, figure.unit),
        )
        for figure in items
        if isinstance(figure, Figure)
    ]
    if len(rows) > 1:
        yield rows
    for item in items:
        if isinstance(item, Comparison):
            yield [
                (item.title, *item.columns),
                *(
                    (who, *(_number(cell.value, cell.unit) for cell in cells))
                    for who, cells in item.rows.items()
                ),
            ]


def _targets(parts: Parts) -> Iterator[Rows]:
    """Yield the table of all targets, if there are any; each reason once."""
    rows: Rows = [_TARGETS]
    for name, items in parts.items():
        for figure in _flat(items):
            if figure.target is not None:
                rows.append(
                    (
                        f"{name}: {figure.text.strip()}",
                        _number(figure.value, figure.unit) or "not known",
                        _number(figure.target, figure.unit),
                        _MET[figure.met],
                        figure.reason if figure.met is False else "",
                    )
                )
    if len(rows) > 1:
        yield rows


def _aligned(rows: Rows) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = {n for n, head in enumerate(rows[0]) if n == 0 or head == "reason"}
    lines = [
        "  ".join(
            cell.ljust(width) if n in words else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _piped(rows: Rows) -> str:
    lines = [f"| {' | '.join(cell.strip() for cell in row)} |" for row in rows]
    marks = (
        "---" if n == 0 or head == "reason" else "--:" for n, head in enumerate(rows[0])
    )
    lines.insert(1, f"| {' | '.join(marks)} |")
    return "\n".join(lines)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()

"""The documents of the project, read once: their chapters, links and examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
import re
from typing import Final

from .metadata import ROOT

_HEADING: Final = re.compile(r"(#+) (.*)")
_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")
_LABEL: Final = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_CODE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """A heading, its anchor, and all that is under it, deeper headings included."""

    level: int
    title: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Document:
    """One Markdown file; `name` is its path in the repository."""

    path: Path

    @property
    def name(self) -> str:
        """Where it is, from the root of the repository."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text()

    @cached_property
    def chapters(self) -> tuple[Chapter, ...]:
        """All chapters in their order."""
        lines = self.text.splitlines()
        heads: list[tuple[int, int, str, str]] = []
        fenced, seen = False, dict[str, int]()
        for number, line in enumerate(lines):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not fenced and (found := _HEADING.match(line)):
                anchor = slug(found[2])
                count = seen[anchor] = seen.get(anchor, -1) + 1
                unique = f"{anchor}-{count}" if count else anchor
                heads.append((number, len(found[1]), found[2], unique))
        ends = [
            next((later[0] for later in heads[index + 1 :] if later[1] <= level), None)
            for index, (_, level, _, _) in enumerate(heads)
        ]
        return tuple(
            Chapter(level, title, anchor, "\n".join(lines[number:end]))
            for (number, level, title, anchor), end in zip(heads, ends, strict=True)
        )

    @property
    def anchors(self) -> set[str]:
        """What a link can point to."""
        return {chapter.anchor for chapter in self.chapters}

    @property
    def links(self) -> list[str]:
        """The targets of all links and pictures, those in code left out."""
        prose = re.sub(r"`[^`\n]*`", "", _CODE.sub("", self.text))
        return _LINK.findall(prose)

    def chapter(self, anchor: str) -> Chapter:
        """Return the chapter that an anchor names."""
        return next(item for item in self.chapters if item.anchor == anchor)

    def blocks(self, language: str) -> Iterator[str]:
        """Yield the examples in a language."""
        for indent, tag, text in _CODE.findall(self.text):
            if tag == language:
                yield re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def slug(title: str) -> str:
    """Return the anchor that a heading gets where the documents are shown."""
    plain = _LABEL.sub(r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


DOCUMENTS: Final = {
    document.name: document
    for document in map(
        Document, sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    )
}
README: Final = DOCUMENTS["README.md"]

"""The documents say what is true: links lead somewhere, examples work, nothing lacks."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
import re
from typing import Final

import pytest
import yaml

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.command import parse_command
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv

from .brands import SPECS, TARGETS
from .documents import DOCUMENTS, README, Document, slug
from .metadata import MANIFEST, PACKAGE, ROOT, ROWS, SERVICES, TEXTS, fields_of

REPOSITORY: Final = MANIFEST["documentation"]
BRANDS: Final = {spec.name for spec in (*SPECS.values(), *TARGETS.values())}


def _short(brand: str) -> str:
    """Return the one word by which everybody knows a brand."""
    return brand.removeprefix("Huawei ").split()[0]


def test_slug() -> None:
    """Anchors are made as where the documents are shown."""
    assert slug("On AlphaESS systems") == "on-alphaess-systems"
    assert slug("`a.set_x` and `a.update_x`") == "aset_x-and-aupdate_x"
    assert slug("Which [one](x.md) goes 1st?") == "which-one-goes-1st"


def _broken(document: Document) -> Iterator[str]:
    for link in document.links:
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        place, _, anchor = link.partition("#")
        path = (document.path.parent / place).resolve() if place else document.path
        if not path.is_relative_to(ROOT) or not path.exists():
            yield link
        elif anchor:
            target = DOCUMENTS.get(str(path.relative_to(ROOT)))
            if target is None or anchor not in target.anchors:
                yield link


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_links_lead_somewhere(name: str) -> None:
    """Files, pictures and anchors are there."""
    assert list(_broken(DOCUMENTS[name])) == []


def test_links_from_elsewhere_lead_somewhere() -> None:
    """So do those of texts, forms and blueprints into this repository."""
    files = [
        path
        for folder in (PACKAGE, ROOT / ".github", ROOT / "blueprints", ROOT / "docs")
        for path in folder.rglob("*")
        if path.suffix in {".json", ".yaml", ".yml", ".md", ".py"}
    ]
    pattern = re.compile(
        re.escape(REPOSITORY)
        + r"(?:/(?:blob|tree|raw)/main/([\w./-]*\w))?(?:#([\w-]+))?"
    )
    seen = 0
    for path in (*files, ROOT / "README.md"):
        text = path.read_text().replace("%2F", "/").replace("%3A", ":")
        for place, anchor in pattern.findall(text):
            seen += bool(place)
            assert (ROOT / place).exists(), f"{path.name}: {place}"
            if anchor and anchor != "readme":
                document = DOCUMENTS[place or "README.md"]
                assert anchor in document.anchors, f"{path.name}: #{anchor}"
    assert seen


def test_every_page_is_found_from_the_readme() -> None:
    """Nobody has to know where a page is, or which pictures there are."""
    linked = {link.partition("#")[0] for link in README.links}
    assert DOCUMENTS.keys() - linked == {"README.md"}
    shown = {
        (document.path.parent / link).resolve()
        for document in DOCUMENTS.values()
        for link in document.links
        if link.endswith(".png")
    }
    assert set((ROOT / "docs" / "images").glob("*")) == shown


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_tables_are_whole(name: str) -> None:
    """Every row has the cells of its head, or it would be shown as something else."""
    width = 0
    for number, line in enumerate(DOCUMENTS[name].text.splitlines(), 1):
        row = line.strip().replace("\\|", "")
        cells = row.count("|") if row.startswith("|") else 0
        assert not (width and cells) or cells == width, f"{name}:{number}"
        width = cells


def test_named_scripts_are_there() -> None:
    """Nobody is told to run what there is not."""
    named = {
        found
        for document in DOCUMENTS.values()
        for found in re.findall(r"\bscripts/(\w+)\b", document.text)
    }
    assert named >= {"demo", "test"}
    assert {name for name in named if not (ROOT / "scripts" / name).exists()} == set()


def test_first_screen() -> None:
    """It says what this is and for whom, shows it, and leads to the installation."""
    first = README.text.split("\n## ")[0]
    assert first.startswith(f"# {MANIFEST['name']}\n")
    assert "Home Assistant" in first.splitlines()[2]
    assert "(docs/images/" in first
    assert "(#installation)" in first
    assert all(_short(brand) in first for brand in BRANDS)
    assert len(first) < 3500


@pytest.mark.parametrize(
    "anchor",
    [
        "supported-systems",
        "installation",
        "your-first-account",
        "your-first-schedule",
        "configuration-options",
        "known-limitations",
        "troubleshooting",
        "removing-the-integration",
        "privacy-and-security",
    ],
)
def test_readme_stands_alone(anchor: str) -> None:
    """HACS shows the README only, so what everybody needs is told in it."""
    assert len(README.chapter(anchor).text) > 400


@pytest.mark.parametrize("brand", sorted(BRANDS))
def test_every_brand_has_its_chapter(brand: str) -> None:
    """With how to add it, and for what is polled, how often."""
    title = f"# {brand}\n"
    page = next(item for item in DOCUMENTS.values() if item.text.startswith(title))
    assert page.name.startswith("docs/brands/")
    word = _short(brand)
    for anchor in ("supported-systems", "your-first-account", "how-data-is-updated"):
        assert word in README.chapter(anchor).text, anchor
    if brand in {spec.name for spec in SPECS.values()}:
        assert "Calls per hour" in page.chapter("how-data-is-updated").text


def test_every_action_is_described() -> None:
    """With all of its fields, its own or those of the actions it refers to."""
    actions = DOCUMENTS["docs/actions.md"]
    titles = {
        chapter.title: chapter.text
        for chapter in actions.chapters
        if chapter.title.startswith(f"`{DOMAIN}.")
    }
    text_of = {
        name: text
        for title, text in titles.items()
        for name in re.findall(rf"`{DOMAIN}\.(\w+)`", title)
    }
    assert text_of.keys() == SERVICES.keys()
    general = actions.text.split("\n## ")[0]
    for name, action in SERVICES.items():
        told = general + text_of[name]
        for other in re.findall(r"`(\w+)`", text_of[name]):
            told += text_of.get(other, "")
        lacking = [key for key in fields_of(action)[0] if f"`{key}`" not in told]
        assert not lacking, f"{name}: {lacking}"


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def test_every_entity_is_described() -> None:
    """Some line has all words of its name; one line may tell several of a kind."""
    lines = {
        _words(line)
        for name, document in DOCUMENTS.items()
        if name.startswith("docs/brands/") or name == "docs/entities.md"
        for line in document.text.splitlines()
    }
    for key in {row.key for row in ROWS if row.key is not None}:
        platform, text = key
        name = TEXTS["entity"][platform][text]["name"]
        words = _words(re.sub(r"\{\w+\}", "", name))
        assert any(words <= line for line in lines), f"{platform}: {name}"


def test_fields_of_an_account_are_described() -> None:
    """Every field of the forms that add an account, by the name on the screen."""
    chapter = README.chapter("your-first-account").text
    step = TEXTS["config"]["step"]
    groups = [step[name] for name in ("credentials", "systems", "push_key")]
    groups += step["credentials"]["sections"].values()
    labels = chain.from_iterable(group["data"].values() for group in groups)
    assert [label for label in labels if label not in chapter] == []
    page = DOCUMENTS["docs/brands/chargehq.md"].text
    picked = step["push_entities"]["data"].items()
    named = [label for key, label in picked if not key.startswith("invert_")]
    assert [label for label in named if label not in page] == []


def test_options_are_described() -> None:
    """Every option by the name on the screen."""
    texts = TEXTS["options"]["step"]
    told = README.chapter("configuration-options").text
    told += DOCUMENTS["docs/brands/fusionsolar.md"].chapter("signs-and-units").text
    labels = texts["init"]["data"].values()
    assert [label for label in labels if label not in told] == []
    told = DOCUMENTS["docs/brands/chargehq.md"].chapter("options").text
    labels = texts["push"]["data"].values()
    assert [label for label in labels if label not in told] == []


def test_budgets_of_writes_are_told() -> None:
    """How often each cloud is written to at most, as its vendor's code has it."""
    rows = {
        row.split("|")[1].strip(): row
        for row in README.chapter("how-your-inverter-stays-safe").text.splitlines()
        if row.startswith("  | ")
    }
    for spec in SPECS.values():
        if spec.writes.calls:
            row = next(rows[name] for name in rows if name.split()[0] in spec.name)
            hours = spec.writes.window // timedelta(hours=1)
            window = "per hour" if hours == 1 else f"in {hours} hours"
            assert f"| {spec.writes.calls} {window}" in row
            assert f"| {spec.writes.reserved} |" in row


def test_repairs_are_described() -> None:
    """Every repair by the part of its title that names no device."""
    chapter = README.chapter("repairs").text.replace("...", "")
    for key, issue in TEXTS["issues"].items():
        parts = re.split(r"\{\w+\}:?", issue["title"])
        for part in parts:
            assert part.strip() in chapter, f"{key}: {part}"


def test_orders_in_words_are_understood() -> None:
    """What the calendar's table and the first schedule write is an order."""
    page = DOCUMENTS["docs/calendar.md"].text
    table = page[page.index("| You write") :].split("\n\n")[0]
    orders = [
        order
        for row in table.splitlines()[2:]
        for order in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    first = re.findall(
        r"^ +\| .*\| `(.*)` \|$",
        README.chapter("your-first-schedule").text,
        re.MULTILINE,
    )
    assert len(orders) > 10
    assert len(first) >= 3
    for order in (*orders, *first):
        parse_command(order)


EXAMPLES: Final = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS.values()
    for number, block in enumerate(document.blocks("yaml"))
]


class _Loader(yaml.SafeLoader):
    """Knows the words of Home Assistant's own files."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: f"!{tag}")


def _calls(node: object) -> Iterator[tuple[str, object]]:
    """Yield our actions with their data; some programs write both side by side."""
    if isinstance(node, dict):
        name = node.get("service", node.get("action"))
        if isinstance(name, str) and name.startswith(f"{DOMAIN}."):
            beside = {
                key: value
                for key, value in node.items()
                if key not in ("service", "always")
            }
            data = beside if "service" in node else node.get("data", {})
            yield name.partition(".")[2], data
        for value in node.values():
            yield from _calls(value)
    elif isinstance(node, list):
        for value in node:
            yield from _calls(value)


def test_entities_of_examples_are_there() -> None:
    """Whoever has the devices of the simulated homes can copy them as they are."""
    homes = (ROOT / "tests/integration/__snapshots__").glob("test_*.ambr")
    known = set(re.findall(r"'(\w+\.\w+)'", "".join(map(Path.read_text, homes))))
    named = {
        found
        for document in DOCUMENTS.values()
        for text in document.blocks("yaml")
        for found in re.findall(r"\b\w+\.(?:sh5000|rb600|amber)_\w+", text)
    }
    assert len(named) > 10
    assert named - known == set()


@pytest.mark.parametrize("text", EXAMPLES)
async def test_examples(hass: HomeAssistant, text: str) -> None:
    """They are valid, and call actions that there are with fields that they have."""
    example = yaml.load(text, _Loader)
    for name, data in _calls(example):
        fields, _ = fields_of(SERVICES[name])
        if isinstance(data, dict):
            assert data.keys() <= fields.keys(), name
            wanted = {key for key, field in fields.items() if field.get("required")}
            assert wanted <= data.keys(), name
        else:
            assert data.startswith("{{"), name
    if isinstance(example, dict):
        for key in ("sequence", "actions"):
            if key in example:
                cv.SCRIPT_SCHEMA(example[key])
        if "triggers" in example:
            cv.TRIGGER_SCHEMA(example["triggers"])
    elif isinstance(example, list) and all("action" in item for item in example):
        cv.SCRIPT_SCHEMA(example)


def test_report_of_a_fault_offers_every_brand() -> None:
    """Who reports one can say of which."""
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text())
    options = next(
        item["attributes"]["options"]
        for item in form["body"]
        if item.get("id") == "vendor"
    )
    assert set(options[:-1]) == BRANDS


def test_changelog() -> None:
    """It has the form of Keep a Changelog, and ends with the present version."""
    page = DOCUMENTS["CHANGELOG.md"]
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    versions = [item.title for item in page.chapters if item.level == 2]
    assert versions[0] == "[Unreleased]"
    assert versions[1].startswith(f"[{MANIFEST['version']}]")
    assert all(
        re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title)
        for title in versions[1:]
    )
    assert {item.title for item in page.chapters if item.level == 3} <= kinds

"""Commands in words, as the summary of a calendar event gives them to a battery.

A text says one action and, in any order, its power and the state of charge to reach, as
`Charge 3 kW to 80 %`. Caps come after their action: `Limit feed-in 0 kW, import 3 kW`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
import re
from typing import Final

from .schedule import POWERED_ACTIONS, Action, Limits

EXAMPLES: Final = ("Charge 3 kW to 80 %", "Export 5 kW", "Hold")
MAX_POWER_W: Final = 1_000_000

# The normal name of a cap comes first.
_CAPS: Final = {
    "max_import_w": ("import",),
    "max_export_w": ("feed-in", "export"),
    "max_charge_w": ("charging", "charge"),
    "max_discharge_w": ("discharging", "discharge"),
    "max_generation_va": ("generation",),
}
_ACTIONS: Final = {
    Action.AUTO: ("auto", "self-use", "self-use (auto)", "normal"),
    Action.CHARGE: ("charge", "charging", "charge battery", "force charge"),
    Action.IMPORT: ("import", "import from grid", "buy"),
    Action.DISCHARGE: (
        "discharge",
        "discharging",
        "discharge battery",
        "force discharge",
    ),
    Action.EXPORT: ("export", "export to grid", "sell", "feed-in"),
    Action.HOLD: ("hold", "hold charge", "preserve", "conserve", "keep"),
    Action.NO_CHARGE: ("no charge", "do not charge", "don't charge"),
    Action.IDLE: ("idle", "leave battery idle", "standby"),
    Action.LIMIT: ("limit",),
}
_TYPOGRAPHY: Final = str.maketrans("’‘‐‑‒–—−_", "''------ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a battery is to do.

    `power_w` is positive; `target_soc`, in percent, is where the action ends. Both are
    for the actions that have a power. `limits` belongs to `Action.LIMIT` alone.
    """

    action: Action
    power_w: int | None = None
    target_soc: int | None = None
    limits: Limits | None = None


class CommandError(ValueError):
    """A text is no command."""

    def __init__(self, key: str) -> None:
        """Keep the key of the user text that says why."""
        super().__init__(key)
        self.key = key


def parse_command(text: str) -> Command:
    """Return what a text commands, or raise `CommandError`."""
    text = _fold(text)
    head, limit, caps = text.rpartition("limit")
    said: defaultdict[str | None, list[re.Match[str]]] = defaultdict(list)
    for part in _scan(_COMMAND, head + limit if limit else text):
        said[part.lastgroup].append(part)
    if not said["word"]:
        raise CommandError("unknown_action")
    if said["unknown"]:
        raise CommandError("unknown_words")
    if said["bare"]:
        raise CommandError("unit_missing")
    if any(len(parts) > 1 for parts in said.values()):
        raise CommandError("said_twice")
    action = _ACTION_OF[said["word"][0]["word"]]
    if action not in POWERED_ACTIONS:
        for kind in ("power", "target"):
            if said[kind]:
                raise CommandError(f"{kind}_not_used")
    return Command(
        action=action,
        power_w=next((_watts(part, least=1) for part in said["power"]), None),
        target_soc=next(map(_percent, said["target"]), None),
        limits=_limits(caps) if action is Action.LIMIT else None,
    )


def format_command(command: Command) -> str:
    """Return a command in its normal form."""
    text = command.action.value.replace("_", " ").capitalize()
    if command.power_w is not None:
        text += f" {_kilo(command.power_w)}"
    if command.target_soc is not None:
        text += f" to {command.target_soc} %"
    if command.limits is not None:
        caps = command.limits.as_dict().items()
        text += " " + ", ".join(f"{_CAPS[cap][0]} {_kilo(most)}" for cap, most in caps)
    return text


def _kilo(watts: int) -> str:
    return f"{watts / 1000:g} kW"


def _fold(text: str) -> str:
    """Return a text with one form of letters, apostrophes, hyphens and spaces."""
    text = text.casefold().translate(_TYPOGRAPHY)
    # Before a digit it is a sign, lest a negative power be taken for a positive one.
    text = re.sub(r"-(?!\d)", " ", text)
    return " ".join(text.split())


def _grammar(phrases: Iterable[str], fillers: str) -> re.Pattern[str]:
    """Return the pattern of the parts of a text; those that fill it have no name."""
    words = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    number = r"[-+]?\d(?:[\d ',.]{0,30}\d)?"
    return re.compile(
        rf"(?:\b(?:to|until) ?)?(?P<target>{number}) ?%"
        rf"|(?:\b(?:at|with) |@ ?)?"
        rf"(?P<power>(?P<number>{number}) ?(?P<unit>k?(?:w|va))\b|0(?![',. ]?\d))"
        # What may be a power or a target: neither is guessed.
        rf"|(?:\b(?:to|until|at|with) |@ ?)?"
        rf"(?P<bare>{number})(?!\w|[ ',.-]\d| ?%| ?k?(?:w|va)\b)"
        rf"|\b(?P<word>{words})(?!\w)"
        # `.5 kW` is not to be taken for 5 kW.
        rf"|[ ;:!]|[,.](?!\d)|\b(?:{fillers})\b"
        rf"|(?P<unknown>.)",
        re.ASCII,
    )


_ACTION_OF: Final = {
    _fold(phrase): action for action, phrases in _ACTIONS.items() for phrase in phrases
}
_CAP_OF: Final = {
    _fold(phrase): cap for cap, phrases in _CAPS.items() for phrase in phrases
}
_COMMAND: Final = _grammar(_ACTION_OF, "and")
_LIMITS: Final = _grammar(_CAP_OF, "and|power|to")

_DECIMAL: Final = re.compile(r"(?P<whole>[-+]?\d+)([.,](?P<rest>\d+))?", re.ASCII)
_GROUPED: Final = re.compile(
    r"(?P<whole>[-+]?[1-9]\d{0,2}(?P<mark>[ ',.])\d{3}((?P=mark)\d{3})*)"
    r"((?!(?P=mark))[.,](?P<rest>\d+))?",
    re.ASCII,
)


def _scan(grammar: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Return all parts of a text but those that fill it."""
    return [part for part in grammar.finditer(text) if part.lastgroup]


def _limits(text: str) -> Limits:
    """Return the caps of a text that names each before its power."""
    caps: dict[str, int | None] = {}
    cap = ""
    for part in _scan(_LIMITS, text):
        match part.lastgroup:
            case "word":
                cap = _CAP_OF[part["word"]]
                if cap in caps:
                    raise CommandError("said_twice")
                caps[cap] = None
            case "power" if not cap:
                raise CommandError("limits_missing")
            case "power":
                if caps[cap] is not None:
                    raise CommandError("said_twice")
                apparent = cap == "max_generation_va"
                caps[cap] = _watts(part, least=0, apparent=apparent)
            case "target":
                raise CommandError("target_not_used")
            case "bare":
                raise CommandError("unit_missing")
            case _:
                raise CommandError("unknown_words")
    if not caps or None in caps.values():
        raise CommandError("limits_missing")
    return Limits(**caps)


def _watts(power: re.Match[str], *, least: int, apparent: bool = False) -> int:
    """Return a power in W, or in VA where apparent power makes sense."""
    unit = power["unit"] or "w"
    if "va" in unit and not apparent:
        raise CommandError("unknown_words")
    kilo = unit.startswith("k")
    watts = round(_number(power["number"] or "0", kilo=kilo) * (1000 if kilo else 1))
    if not least <= watts <= MAX_POWER_W:
        raise CommandError("power_out_of_range")
    return watts


def _number(text: str, *, kilo: bool) -> float:
    """Return a number with a decimal comma or point, and thousands in groups.

    Before three digits a comma in kW is a decimal one, else it would be megawatts; in W
    it marks thousands, since nobody writes milliwatts. But `3.125 W` may be meant, as a
    template calculates it, or mean 3125 W: it is refused.
    """
    decimal, grouped = _DECIMAL.fullmatch(text), _GROUPED.fullmatch(text)
    if decimal and grouped and not kilo:
        decimal, grouped = None, grouped if "," in text else None
    if (number := decimal or grouped) is None:
        raise CommandError("unknown_words")
    whole = re.sub(r"[^-\d]", "", number["whole"])
    return float(f"{whole}.{number['rest'] or 0}")


def _percent(target: re.Match[str]) -> int:
    if not re.fullmatch(r"\+?(?:\d\d?|100)", target["target"]):
        raise CommandError("target_out_of_range")
    return int(target["target"])

"""Commands in words: what is understood, what is refused, and the way back."""

from dataclasses import fields
from random import Random
import re

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.command import (
    EXAMPLES,
    MAX_POWER_W,
    Command,
    CommandError,
    format_command,
    parse_command,
)
from custom_components.joulekeeper.core.schedule import POWERED_ACTIONS, Action, Limits

KEYS = {
    "limits_missing",
    "power_not_used",
    "power_out_of_range",
    "said_twice",
    "target_not_used",
    "target_out_of_range",
    "unit_missing",
    "unknown_action",
    "unknown_words",
}


def command(
    action: str, power_w: int | None = None, target_soc: int | None = None
) -> Command:
    """Return a command without caps."""
    return Command(action=Action(action), power_w=power_w, target_soc=target_soc)


def limit(**caps: int) -> Command:
    """Return a command with caps."""
    return Command(action=Action.LIMIT, limits=Limits(**caps))


@pytest.mark.parametrize(
    ("action", "texts"),
    [
        ("auto", "auto|self-use|self use|Self-use (Auto)|self_use|normal"),
        ("charge", "charge|charging|charge battery|charge_battery|force charge"),
        ("import", "import|import from grid|buy"),
        ("discharge", "discharge|discharging|discharge battery|force discharge"),
        ("export", "export|export to grid|sell|feed in|feed-in|Feed‑in"),
        ("hold", "hold|hold charge|hold - charge|preserve|conserve|keep"),
        (
            "no_charge",
            "no charge|no-charge|no_charge|do not charge|don't charge|don’t charge",
        ),
        ("idle", "idle|leave battery idle|standby|Leave\u00a0battery\tidle"),
    ],
)
def test_actions(action: str, texts: str) -> None:
    """Every word for an action, the longest first."""
    for text in texts.split("|"):
        for form in (text, text.upper(), f"  {text.capitalize()}. \n"):
            assert parse_command(form) == command(action)


@pytest.mark.parametrize(
    "text",
    [
        "3 kW",
        "3kW",
        "3KW",
        "3.0 kW",
        "3,0 kW",
        "3,000 kW",
        "3000w",
        "3,000 W",
        "3 000 W",
        "3\u202f000 W",
        "3'000 W",
        "3’000 W",
        "+3 kW",
        "at 3 kW",
        "with 3\u00a0kW",
        "@ 3kW",
        "@3kW",
        "- 3 kW",
        ": 3 kW!",
        "2999.9999999999995 W",
    ],
)
def test_power(text: str) -> None:
    """A power in every way to write it."""
    assert parse_command(f"Discharge {text}") == command("discharge", 3000)
    assert parse_command(f"{text} discharge") == command("discharge", 3000)


@pytest.mark.parametrize(
    ("text", "power_w"),
    [
        ("3,5 kW", 3500),
        ("3.125 kW", 3125),
        ("3,125 kW", 3125),
        ("0,950 kW", 950),
        ("950 W", 950),
        ("333.3333 W", 333),
        ("1234.567 W", 1235),
        ("1,234.5 W", 1234),
        ("1.234,5 W", 1234),
        ("1,000,000 W", MAX_POWER_W),
        ("1.000.000 W", MAX_POWER_W),
        ("1 000 kW", MAX_POWER_W),
        ("0.001 kW", 1),
    ],
)
def test_numbers(text: str, power_w: int) -> None:
    """Decimals and thousands, where they can be told apart."""
    assert parse_command(f"Export {text}") == command("export", power_w)


@pytest.mark.parametrize(
    "text",
    [
        "Charge 3 kW to 80 %",
        "charge 3kw to80%",
        "CHARGE, 3 KW, UNTIL 80 %",
        "80% charge 3kW",
        "3 kW 80% charge",
        "To 80 % charge at 3 kW",
        "Charge: to 80\u00a0%; with 3\u00a0kW.",
        "Charge 3 kW and to +80 %",
        "Charge battery – 80 % @ 3 kW",
    ],
)
def test_power_and_target(text: str) -> None:
    """The parts come in any order, with any punctuation between them."""
    assert parse_command(text) == command("charge", 3000, 80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Discharge to 0 %", command("discharge", None, 0)),
        ("Buy 100 %", command("import", None, 100)),
        ("Export to grid 5 kW to 20 %", command("export", 5000, 20)),
        ("Discharge until 05 %", command("discharge", None, 5)),
    ],
)
def test_target(text: str, expected: Command) -> None:
    """A target needs no power."""
    assert parse_command(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Limit feed-in 0 kW, import 3 kW",
            limit(max_export_w=0, max_import_w=3000),
        ),
        ("limit export 0", limit(max_export_w=0)),
        ("Limit feed in 0,import 3kW", limit(max_export_w=0, max_import_w=3000)),
        ("LIMIT POWER: EXPORT 5 KW.", limit(max_export_w=5000)),
        ("limit_power import to 3.5 kW", limit(max_import_w=3500)),
        ("Limit import power at 950 W", limit(max_import_w=950)),
        (
            "limit charge 1 kW and discharge 2 kW",
            limit(max_charge_w=1000, max_discharge_w=2000),
        ),
        (
            "limit discharging 0 charging 0 W",
            limit(max_charge_w=0, max_discharge_w=0),
        ),
        ("Limit generation 5 kVA", limit(max_generation_va=5000)),
        ("Limit generation 4,999 VA", limit(max_generation_va=4999)),
        ("Limit generation 5 kW", limit(max_generation_va=5000)),
    ],
)
def test_limits(text: str, expected: Command) -> None:
    """Each cap comes before its power; nothing needs no unit."""
    assert parse_command(text) == expected


def refusal(text: str) -> str:
    """Return why a text is refused."""
    with pytest.raises(CommandError) as caught:
        parse_command(text)
    assert str(caught.value) == caught.value.key
    return caught.value.key


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        (
            "unknown_action",
            [
                "",
                " \n",
                "3 kW",
                "to 80 %",
                "Dentist",
                "recharge 3 kW",
                "uncharged",
                "delimit import 0",
            ],
        ),
        (
            "unknown_words",
            [
                "Charge the car",
                "Charge to 3 kW",
                "Charge to 3 000 kW",
                "Charge 80 percent",
                "Charge at 80 %",
                "Charge 3 kWh",
                "Charge 3 kVA",
                "Charge 3-5 kW",
                "Charge 3² kW",
                "Charge 3½ kW",
                "Charge ٣ kW",
                "Charge 1e3 W",
                "Charge 3 kW (foreign)",
                "Hold (own)",
                "No, charge",
                "re-charge 3 kW",
                "charge 3.000 W",
                "charge 333.333 W",
                "charge 1.234.5 W",
                "charge 1,23,456 W",
                "charge 3 00 W",
                "charge .5 kW",
                "charge -,5 kW",
                "charge unlimited",
                "limited charge 3 kW",
                "Limit import 3 kVA",
                "Limit import no charge",
                "Limit feed-in 0 kW (network)",
                "no limit",
            ],
        ),
        (
            "unit_missing",
            [
                "Charge 3",
                "Charge 80",
                "Charge to 80",
                "Charge at 3",
                "Charge 3 000",
                "charge 0,5",
                "Charge 3 to 80 %",
                "Charge 3 kW to 80",
                "3 limit import 1 kW",
                "Limit import 3",
                "Limit import 3, export 0",
            ],
        ),
        (
            "power_not_used",
            ["Hold 3 kW", "No charge 3 kW", "Auto 0", "3 kW limit import 1 kW"],
        ),
        ("target_not_used", ["Hold 80 %", "Idle to 101 %", "Limit import 0 to 80 %"]),
        (
            "power_out_of_range",
            [
                "Charge 0",
                "Charge 0 kW",
                "Charge 0.4 W",
                "Charge -3 kW",
                "Charge −3 kW",
                "Charge-3kW",
                "Charge 1001 kW",
                "Charge 3'000 kW",
                f"Charge {MAX_POWER_W + 1} W",
                "Limit import -1 W",
                "Limit import 1001 kW",
            ],
        ),
        (
            "target_out_of_range",
            [
                "Charge to 101 %",
                "Charge to -1 %",
                "Charge to 80.5 %",
                "Charge to 80,0 %",
                "Charge to 1,000 %",
            ],
        ),
        (
            "limits_missing",
            [
                "Limit",
                "Limit power",
                "Limit 3 kW",
                "Limit 3 kW import",
                "Limit import",
                "Limit import, export 0",
            ],
        ),
        (
            "said_twice",
            [
                "Charge and discharge",
                "Charge, charge",
                "Hold, charge 3 kW",
                "Charge 3 kW 4 kW",
                "Charge to 80 % to 90 %",
                "Limit import 3 kW, import 4 kW",
                "Limit feed-in 0, export 0",
                "Limit import 3 kW 4 kW",
                "Limit import 3 kW, limit export 0",
                "Import 3 kW, limit export 0",
                "Charge 3 kW limit feed-in 0 kW",
            ],
        ),
    ],
)
def test_refusals(key: str, texts: list[str]) -> None:
    """What is wrong, ambiguous or too much is refused, with the reason."""
    assert {text: refusal(text) for text in texts} == dict.fromkeys(texts, key)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (command("charge", 3000, 80), "Charge 3 kW to 80 %"),
        (command("charge", 3250), "Charge 3.25 kW"),
        (command("export", 950), "Export 0.95 kW"),
        (command("import", MAX_POWER_W), "Import 1000 kW"),
        (command("discharge", None, 0), "Discharge to 0 %"),
        (command("no_charge"), "No charge"),
        (
            limit(
                max_import_w=3000,
                max_export_w=0,
                max_charge_w=1,
                max_discharge_w=999_999,
                max_generation_va=5000,
            ),
            (
                "Limit import 3 kW, feed-in 0 kW, charging 0.001 kW, "
                "discharging 999.999 kW, generation 5 kW"
            ),
        ),
    ],
)
def test_normal_form(expected: Command, text: str) -> None:
    """The form that a plan shows, and that a user may write as well."""
    assert format_command(expected) == text
    assert parse_command(text) == expected


def test_examples_are_normal() -> None:
    """They teach the form that comes back."""
    assert [format_command(parse_command(text)) for text in EXAMPLES] == [*EXAMPLES]


PLAIN_ACTIONS = sorted({*Action} - POWERED_ACTIONS - {Action.LIMIT})
limited = (
    st.fixed_dictionaries(
        {},
        optional={cap.name: st.integers(0, MAX_POWER_W) for cap in fields(Limits)},
    )
    .filter(bool)
    .map(lambda caps: limit(**caps))
)
commands = st.one_of(
    st.builds(
        command,
        st.sampled_from(sorted(POWERED_ACTIONS)),
        st.none() | st.integers(1, MAX_POWER_W),
        st.none() | st.integers(0, 100),
    ),
    st.builds(command, st.sampled_from(PLAIN_ACTIONS)),
    limited,
)


@given(commands, st.randoms(use_true_random=False))
def test_round_trip(expected: Command, random: Random) -> None:
    """The normal form says all, whatever becomes of its case and its spaces."""
    text = format_command(expected)
    assert parse_command(text) == expected
    spaces = (" ", "  ", "\t", "\n", "\u00a0", "\u202f")
    text = "".join(random.choice((str.lower, str.upper))(letter) for letter in text)
    text = re.sub(" ", lambda _: random.choice(spaces), f" {text} ")
    assert parse_command(text) == expected


pieces = st.one_of(
    st.sampled_from(
        [
            *("charge", "discharge", "export", "no", "don't", "hold", "and"),
            *("limit", "power", "import", "feed-in", "generation"),
            *("to", "until", "at", "@", "%", "W", "kW", "kVA", "-", ",", ".", "("),
            *("0", "3", "80", "-1", "1.5", ".5", "3,000", "9" * 22, "²", "٣", "½"),
        ]
    ),
    st.text(max_size=2),
)


@given(st.text() | st.lists(pieces).map(" ".join))
def test_any_text(text: str) -> None:
    """Whatever is written is understood, or refused for a known reason."""
    try:
        found = parse_command(text)
    except CommandError as error:
        refused = error.key
    else:
        assert parse_command(format_command(found)) == found
        return
    assert refused in KEYS


@pytest.mark.parametrize("text", ["9", "0 ", "1,", "limit ", "to ", "-", "self use ("])
def test_long_text(text: str) -> None:
    """A text of any length is refused in no time."""
    assert refusal(f"charge {text * 20_000} kW") in KEYS

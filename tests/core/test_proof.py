"""Does the inverter do what it was told? Each action, by what is measured."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.proof import (
    TOLERANCE_SHARE,
    TOLERANCE_W,
    Telemetry,
    Verdict,
    judge,
    target_reached,
)
from custom_components.joulekeeper.core.schedule import (
    POWERED_ACTIONS,
    Action,
    Limits,
    Source,
)
from custom_components.joulekeeper.core.timeline import Segment

NOW = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def segment(
    action: Action = Action.CHARGE, power_w: int | None = None, **details: Any
) -> Segment:
    """Return a segment whose time is now."""
    return Segment(
        rule_id="rule",
        occurrence_id="rule@20261120T120000Z",
        source=Source.SERVICE,
        action=action,
        start=NOW - 10 * MINUTE,
        end=NOW + 50 * MINUTE,
        power_w=power_w,
        **details,
    )


def measured(**details: Any) -> Telemetry:
    """Return a fresh measurement."""
    return Telemetry(**{"time": NOW, "period": MINUTE} | details)


def verdict(asked: Segment, **details: Any) -> tuple[Verdict, str | None]:
    """Return what is made of a measurement, and why."""
    delivery = judge(asked, measured(**details), NOW)
    return delivery.verdict, delivery.reason


DELIVERING = (Verdict.DELIVERING, None)
POWER = (Verdict.DIFFERS, "power_differs")
MODE = (Verdict.DIFFERS, "mode_differs")
UNKNOWN = (Verdict.UNKNOWN, None)


@pytest.mark.parametrize(
    ("action", "power_w", "flows", "expected"),
    [
        # What goes into the battery is negative; the sun may add to it.
        ("charge", 2000, {"battery_w": -2000}, DELIVERING),
        ("charge", 2000, {"battery_w": -1700}, DELIVERING),
        ("charge", 2000, {"battery_w": -1699}, POWER),
        ("charge", 2000, {"battery_w": 2000}, POWER),
        ("charge", 2000, {"battery_w": -2300, "solar_w": 0}, DELIVERING),
        ("charge", 2000, {"battery_w": -2301, "solar_w": 0}, POWER),
        ("charge", 1000, {"battery_w": -5000, "solar_w": 0}, POWER),
        ("charge", 2000, {"battery_w": -4500, "solar_w": 2500}, DELIVERING),
        ("charge", 2000, {"battery_w": -4500, "solar_w": 2199}, POWER),
        ("charge", 2000, {"battery_w": -2300, "solar_w": -50}, DELIVERING),
        # Without the sun nobody can say where it comes from.
        ("charge", 2000, {"battery_w": -2300}, DELIVERING),
        ("charge", 2000, {"battery_w": -4500}, UNKNOWN),
        ("charge", None, {"battery_w": -4500, "solar_w": 0}, DELIVERING),
        ("charge", 500, {"battery_w": -300}, DELIVERING),
        ("charge", 500, {"battery_w": -299}, POWER),
        ("charge", 2000, {"grid_w": 2000}, UNKNOWN),
        # Whether the sun counts as part of it is not known.
        ("discharge", 2000, {"battery_w": 2000}, DELIVERING),
        ("discharge", 2000, {"battery_w": 2300}, DELIVERING),
        ("discharge", 2000, {"battery_w": 2301}, POWER),
        ("discharge", 2000, {"battery_w": 1699}, POWER),
        ("discharge", 2000, {"battery_w": 500, "solar_w": 1500}, DELIVERING),
        ("discharge", 2000, {"battery_w": 2000, "solar_w": 1500}, DELIVERING),
        ("discharge", 2000, {"battery_w": 500, "solar_w": 1000}, POWER),
        ("discharge", 2000, {"solar_w": 2000}, UNKNOWN),
        # At the meter import is positive.
        ("import", 3000, {"grid_w": 3000}, DELIVERING),
        ("import", 3000, {"grid_w": 3450}, DELIVERING),
        ("import", 3000, {"grid_w": 3451}, POWER),
        ("import", 3000, {"grid_w": 2549}, POWER),
        ("import", 3000, {"grid_w": -3000}, POWER),
        ("import", 3000, {"battery_w": -3000}, UNKNOWN),
        ("export", 3000, {"grid_w": -3000}, DELIVERING),
        ("export", 3000, {"grid_w": -3450}, DELIVERING),
        ("export", 3000, {"grid_w": -3451}, POWER),
        ("export", 3000, {"grid_w": -2549}, POWER),
        ("export", 3000, {"grid_w": 3000}, POWER),
        ("export", 3000, {"battery_w": 3000}, UNKNOWN),
        # Without a power only the direction counts.
        ("hold", None, {"battery_w": 200}, DELIVERING),
        ("hold", None, {"battery_w": 201}, POWER),
        ("hold", None, {"battery_w": -3000}, DELIVERING),
        ("hold", None, {}, UNKNOWN),
        ("no_charge", None, {"battery_w": -200}, DELIVERING),
        ("no_charge", None, {"battery_w": -201}, POWER),
        ("no_charge", None, {"battery_w": 3000}, DELIVERING),
        ("no_charge", None, {}, UNKNOWN),
        ("idle", None, {"battery_w": 200}, DELIVERING),
        ("idle", None, {"battery_w": 201}, POWER),
        ("idle", None, {"battery_w": -201}, POWER),
        ("idle", None, {}, UNKNOWN),
        # What it does by itself is always right.
        ("auto", None, {}, DELIVERING),
        ("auto", None, {"battery_w": -3000, "grid_w": 9000}, DELIVERING),
    ],
)
def test_power(
    action: str,
    power_w: int | None,
    flows: dict[str, float],
    expected: tuple[Verdict, str | None],
) -> None:
    """200 W or 15 %, whichever is more; what is not measured is not known."""
    assert verdict(segment(Action(action), power_w), **flows) == expected


@pytest.mark.parametrize(
    ("caps", "flows", "expected"),
    [
        ({"max_export_w": 0}, {"grid_w": -200}, DELIVERING),
        ({"max_export_w": 0}, {"grid_w": -201}, POWER),
        ({"max_export_w": 0}, {"grid_w": 9000}, DELIVERING),
        ({"max_import_w": 4000}, {"grid_w": 4600}, DELIVERING),
        ({"max_import_w": 4000}, {"grid_w": 4601}, POWER),
        ({"max_charge_w": 1000}, {"battery_w": -1200}, DELIVERING),
        ({"max_charge_w": 1000}, {"battery_w": -1201}, POWER),
        ({"max_discharge_w": 1000}, {"battery_w": 1201}, POWER),
        ({"max_discharge_w": 1000}, {"battery_w": -4000}, DELIVERING),
        ({"max_generation_va": 2000}, {"solar_w": 2301}, POWER),
        ({"max_export_w": 0}, {"battery_w": 0}, UNKNOWN),
        # Each cap counts, as far as it can be seen.
        ({"max_export_w": 0, "max_charge_w": 0}, {"grid_w": 0}, DELIVERING),
        ({"max_export_w": 0, "max_charge_w": 0}, {"battery_w": -999}, POWER),
    ],
)
def test_caps(
    caps: dict[str, int], flows: dict[str, float], expected: tuple[Verdict, str | None]
) -> None:
    """What flows is within the caps; less is fine."""
    asked = segment(Action.LIMIT, limits=Limits(**caps))
    assert verdict(asked, mode=Action.AUTO, **flows) == expected


@pytest.mark.parametrize(
    ("action", "modes"),
    [
        *((action, {action}) for action in (*sorted(POWERED_ACTIONS), "hold", "auto")),
        ("idle", {"idle", "hold"}),
        # Caps go along with any mode.
        ("limit", set(Action)),
        ("no_charge", set(Action)),
    ],
)
def test_mode(action: str, modes: set[str]) -> None:
    """Another mode differs, also one without a word; none at all says nothing."""
    limits = Limits(max_export_w=9000) if action == "limit" else None
    asked = segment(Action(action), limits=limits)
    still = {"battery_w": 0, "grid_w": 0}
    assert verdict(asked, **still) == DELIVERING
    for mode in Action:
        expected = DELIVERING if mode in modes else MODE
        assert verdict(asked, mode=mode, mode_word="x", **still) == expected
    any_mode = len(modes) == len(Action)
    assert verdict(asked, mode_word="Hibernate", **still) == (
        DELIVERING if any_mode else MODE
    )


@pytest.mark.parametrize(
    ("action", "flows", "reason"),
    [
        ("charge", {"battery_w": -500, "state_of_charge": 97}, "full"),
        ("charge", {"battery_w": -500, "state_of_charge": 96.9}, None),
        ("charge", {"battery_w": -1000, "max_charge_w": 1200}, "limit"),
        ("charge", {"battery_w": -999, "max_charge_w": 1200}, None),
        ("charge", {"battery_w": 999, "max_charge_w": 1200}, None),
        ("charge", {"battery_w": -500, "state_of_charge": 0}, None),
        ("import", {"grid_w": 500, "state_of_charge": 99}, "full"),
        (
            "import",
            {"grid_w": 2000, "battery_w": -1500, "max_charge_w": 1500},
            "limit",
        ),
        (
            "discharge",
            {"battery_w": 0, "state_of_charge": 21.5, "min_state_of_charge": 20},
            "empty",
        ),
        (
            "discharge",
            {"battery_w": 0, "state_of_charge": 21.6, "min_state_of_charge": 20},
            None,
        ),
        ("discharge", {"battery_w": 0, "state_of_charge": 1.5}, "empty"),
        ("discharge", {"battery_w": 0, "state_of_charge": 5}, None),
        ("discharge", {"battery_w": 2000, "max_discharge_w": 2200}, "limit"),
        ("export", {"grid_w": -2000, "max_export_w": 2000}, "limit"),
        ("export", {"grid_w": -1500, "max_export_w": 2000}, None),
        ("export", {"grid_w": 300, "max_export_w": 0}, None),
        ("export", {"grid_w": 0, "state_of_charge": 0}, "empty"),
        (
            "export",
            {"grid_w": -1000, "battery_w": 1500, "max_discharge_w": 1500},
            "limit",
        ),
        # Nothing excuses what should not flow at all.
        ("hold", {"battery_w": 900, "state_of_charge": 99}, None),
        ("idle", {"battery_w": 900, "state_of_charge": 0}, None),
        ("no_charge", {"battery_w": -900, "state_of_charge": 99}, None),
    ],
)
def test_excuses(action: str, flows: dict[str, float], reason: str | None) -> None:
    """A full or empty battery, or a limit, explains why less flows than asked."""
    powered = action in POWERED_ACTIONS
    asked = segment(Action(action), 5000 if powered else None)
    expected = (Verdict.EXPLAINED, reason) if reason else POWER
    assert verdict(asked, mode=Action(action), **flows) == expected


@pytest.mark.parametrize(
    ("soc", "expected"), [(36.5, (Verdict.EXPLAINED, "empty")), (36.6, POWER)]
)
def test_empty_is_where_it_was_told_to_stop(soc: float, expected: object) -> None:
    """A device that stops by itself at a percentage is empty there."""
    asked = segment(Action.DISCHARGE, 5000, limit_soc=35)
    flows = {"battery_w": 0, "state_of_charge": soc}
    assert verdict(asked, mode=Action.DISCHARGE, **flows) == expected


@pytest.mark.parametrize(
    ("action", "flows"),
    [
        ("charge", {"battery_w": -4600, "solar_w": 0, "max_charge_w": 4600}),
        ("charge", {"battery_w": -4600, "solar_w": 0, "state_of_charge": 99}),
        ("discharge", {"battery_w": 4600, "max_discharge_w": 4600}),
        ("discharge", {"battery_w": 4600, "state_of_charge": 1}),
        ("export", {"grid_w": -4600, "max_export_w": 4600}),
    ],
)
def test_nothing_excuses_more_than_was_asked(
    action: str, flows: dict[str, float]
) -> None:
    """A limit or an empty battery explains only less."""
    assert verdict(segment(Action(action), 1000), **flows) == POWER


def test_offline_and_stale() -> None:
    """Nothing is judged by what is old; who is offline cannot be blamed."""
    asked = segment(Action.CHARGE, 2000)
    assert judge(asked, None, NOW).reason == "stale"
    old = {"time": NOW - 3 * MINUTE, "battery_w": -2000}
    assert verdict(asked, **old) == DELIVERING
    old["time"] -= timedelta(seconds=1)
    assert verdict(asked, **old) == (Verdict.UNKNOWN, "stale")
    assert verdict(asked, online=False, **old) == (Verdict.UNKNOWN, "stale")
    assert verdict(asked, online=False, battery_w=0) == (Verdict.EXPLAINED, "offline")
    assert verdict(asked, online=False, mode=Action.AUTO)[1] == "offline"


@pytest.mark.parametrize(
    ("action", "charge", "reached"),
    [
        ("charge", 79.9, False),
        ("charge", 80, True),
        ("import", 81, True),
        ("discharge", 80.1, False),
        ("discharge", 80, True),
        ("export", 79, True),
        ("export", 81, False),
        ("charge", None, False),
    ],
)
def test_target(action: str, charge: float | None, reached: bool) -> None:
    """From below or from above; never by a measurement that is old or unknown."""
    asked = segment(Action(action), 1000, target_soc=80)
    fresh = measured(state_of_charge=charge)
    assert target_reached(asked, fresh, NOW) is reached
    assert not target_reached(asked, fresh, NOW + 4 * MINUTE)
    assert not target_reached(segment(Action(action), 1000), fresh, NOW)


flows = st.none() | st.floats(-12000, 12000)


@given(
    st.sampled_from(Action),
    st.integers(1, 10000),
    st.fixed_dictionaries(
        dict.fromkeys(
            (
                "battery_w",
                "grid_w",
                "solar_w",
                "state_of_charge",
                "min_state_of_charge",
                "max_export_w",
                "max_charge_w",
                "max_discharge_w",
            ),
            flows,
        )
    ),
)
def test_any_measurement(
    action: Action, power_w: int, values: dict[str, float | None]
) -> None:
    """Every measurement has a verdict, with a reason unless it agrees or is unknown."""
    asked = segment(
        action,
        power_w if action in POWERED_ACTIONS else None,
        limits=Limits(max_export_w=power_w) if action is Action.LIMIT else None,
    )
    found, reason = verdict(asked, mode=action, **values)
    assert (reason is None) == (found in (Verdict.DELIVERING, Verdict.UNKNOWN))
    slack = max(TOLERANCE_W, TOLERANCE_SHARE * power_w)
    battery, grid = values["battery_w"], values["grid_w"]
    if found is Verdict.DELIVERING and battery is not None:
        if action is Action.CHARGE:
            solar = max(0, values["solar_w"] or 0)
            assert battery <= slack - power_w
            assert battery >= -(power_w + solar + slack)
        if action is Action.DISCHARGE:
            assert battery <= power_w + slack
    if found is Verdict.DELIVERING and grid is not None:
        if action is Action.EXPORT:
            assert abs(grid + power_w) <= slack

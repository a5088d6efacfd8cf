"""Parsing of AlphaESS payloads: the recorded shapes, and whatever may be wrong."""

from datetime import date, datetime
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.vendors.alphaess.ev import (
    EvCharger,
    EvState,
    EvStatus,
)
from custom_components.joulekeeper.vendors.alphaess.models import (
    DayEnergy,
    DayPower,
    LivePower,
    Summary,
    System,
    currency_of,
    plant_time,
)
from custom_components.joulekeeper.vendors.alphaess.periodic import PeriodicSchedule
from custom_components.joulekeeper.vendors.alphaess.settings import (
    ChargeSettings,
    DischargeSettings,
)

from .conftest import CHARGER, A, B

# Shapes of dossier 7.3 and 7.4.
SYSTEM = json.loads(
    '{"sysSn":"ALX000000000001","popv":6.60,"minv":"SMILE5-INV","poinv":5.00,'
    '"cobat":10.10,"mbat":"SMILE-BAT-10.1P","surplusCobat":9.09,"usCapacity":90.00,'
    '"emsStatus":"Normal"}'
)
LIVE = json.loads(
    '{"ppv":4200.0,"ppvDetail":{"ppv1":2310.0,"ppv2":1890.0,"ppv3":0.0,"ppv4":0.0,'
    '"pmeterDc":0.0},"soc":64.8,"pev":0,"pevDetail":{"ev1Power":null,"ev2Power":null,'
    '"ev3Power":null,"ev4Power":null},"prealL1":2290.0,"prealL2":0.0,"prealL3":0.0,'
    '"pgrid":-1650.0,"pgridDetail":{"pmeterL1":-1650.0,"pmeterL2":0.0,"pmeterL3":0.0},'
    '"pbat":-1850.0,"pload":700.0}'
)
DAY = json.loads(
    '[{"sysSn":"ALX000000000001","uploadTime":"2026-09-14 12:04:31","ppv":4188.0,'
    '"load":655.0,"cbat":64.8,"feedIn":1640.0,"gridCharge":0,"pchargingPile":0},'
    '{"sysSn":"ALX000000000001","uploadTime":"2026-09-14 11:59:30","ppv":4102.00,'
    '"load":702.0,"cbat":63.2,"feedIn":1577.0,"gridCharge":0,"pchargingPile":0}]'
)
ENERGY = json.loads(
    '{"sysSn":"ALX000000000001","theDate":"2026-09-14","eCharge":8.4,"epv":21.7,'
    '"eOutput":9.35,"eInput":2.1,"eGridCharge":0.9,"eDischarge":5.6,'
    '"eChargingPile":0.0}'
)
SUMMARY = json.loads(
    '{"epvtoday":21.7,"epvtotal":8123.4,"eload":11.65,"eoutput":9.35,"einput":2.1,'
    '"echarge":8.4,"edischarge":5.6,"todayIncome":3.42,"totalIncome":2210.18,'
    '"eselfConsumption":0.5691,"eselfSufficiency":0.8197,"treeNum":92.5,'
    '"carbonNum":8090.1,"moneyType":"AUD"}'
)


def as_texts(value: Any) -> Any:
    """Return the payload with its numbers as texts."""
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return str(value) if isinstance(value, int | float) else value


@pytest.mark.parametrize("form", [lambda value: value, as_texts])
def test_recorded_shapes(form: Any) -> None:
    """Every value arrives in our units, numbers and texts alike."""
    assert System.parse(form(SYSTEM)) == System(
        serial=A,
        status="Normal",
        inverter_model="SMILE5-INV",
        inverter_power_w=5000,
        pv_power_w=6600,
        battery_model="SMILE-BAT-10.1P",
        capacity_kwh=10.1,
        usable_kwh=9.09,
        usable_share=90,
    )
    assert LivePower.parse(form(LIVE)) == LivePower(
        pv_w=4200,
        pv_strings_w=(2310, 1890, 0, 0),
        dc_meter_w=0,
        state_of_charge=64.8,
        ev_w=0,
        ev_chargers_w=(None,) * 4,
        inverter_w=(2290, 0, 0),
        grid_w=-1650,
        grid_phases_w=(-1650, 0, 0),
        battery_w=-1850,
        load_w=700,
    )
    assert DayEnergy.parse(form(ENERGY)) == DayEnergy(
        day=date(2026, 9, 14),
        pv_kwh=21.7,
        import_kwh=2.1,
        export_kwh=9.35,
        charge_kwh=8.4,
        grid_charge_kwh=0.9,
        discharge_kwh=5.6,
        ev_kwh=0,
    )
    summary = Summary.parse(form(SUMMARY))
    assert summary == Summary(
        pv_today_kwh=21.7,
        pv_total_kwh=8123.4,
        load_today_kwh=11.65,
        export_today_kwh=9.35,
        import_today_kwh=2.1,
        charge_today_kwh=8.4,
        discharge_today_kwh=5.6,
        income_today=3.42,
        income_total=2210.18,
        self_consumption=56.91,
        self_sufficiency=81.97,
        trees=92.5,
        co2_kg=8090.1,
        money_type="AUD",
    )
    # The vendor's own balance (dossier 2.4).
    assert DayEnergy.parse(form(ENERGY)).load_kwh == summary.load_today_kwh


def test_system_without_battery_or_line() -> None:
    """A missing or zero capacity is no battery; unknown words of status are kept."""
    system = System.parse({"sysSn": B, "cobat": 0, "emsStatus": "Dancing"})
    assert system is not None
    assert (system.has_battery, system.status, system.offline) == (
        False,
        "Dancing",
        False,
    )
    away = System.parse({"sysSn": B, "cobat": 10.1, "emsStatus": "Offline"})
    assert away is not None
    assert (away.has_battery, away.offline) == (True, True)
    assert System.parse({"cobat": 10.1}) is None
    assert B not in repr(system)


@pytest.mark.parametrize("raw", [{}, dict.fromkeys(LIVE), {"ppvDetail": 7, "soc": ""}])
def test_all_null_is_seen(raw: dict[str, Any]) -> None:
    """A system with history only, or offline, tells nothing: not zeros (2.2)."""
    live = LivePower.parse(raw)
    assert live.is_blank
    assert live.pv_strings_w == (None,) * 4
    assert not LivePower.parse(raw | {"ppv": 0}).is_blank
    assert Summary.parse(dict.fromkeys(SUMMARY)).is_blank


@pytest.mark.parametrize(
    ("raw", "blank", "empty"),
    [
        (ENERGY, False, False),
        (ENERGY | dict.fromkeys(set(ENERGY) - {"sysSn", "theDate"}, 0), False, True),
        (dict.fromkeys(ENERGY) | {"theDate": "2026-09-14"}, False, True),
        (dict.fromkeys(ENERGY), True, True),
    ],
)
def test_midnight_blanks(raw: dict[str, Any], blank: bool, empty: bool) -> None:
    """A day of zeros or nulls can be told from a day with energy (2.4)."""
    energy = DayEnergy.parse(raw)
    assert (energy.is_blank, energy.is_empty) == (blank, empty)


def test_no_balance_of_unknowns() -> None:
    """A load is told when all of its parts are."""
    assert DayEnergy.parse(ENERGY | {"eInput": None}).load_kwh is None
    assert DayEnergy.parse(ENERGY | {"eChargingPile": None}).load_kwh == 11.65


def test_samples() -> None:
    """Oldest first whatever their order, each time once, derived powers included."""
    day = DayPower.parse(DAY)
    assert [sample.time for sample in day.samples] == [
        datetime(2026, 9, 14, 11, 59, 30),
        datetime(2026, 9, 14, 12, 4, 31),
    ]
    assert DayPower.parse([*reversed(DAY), *DAY]) == day
    assert day.latest == day.samples[-1]
    latest = day.samples[-1]
    assert (latest.state_of_charge, latest.import_w, latest.ev_w) == (64.8, 0, 0)
    # Exporting and charging: both negative.
    assert (latest.grid_w, latest.battery_w) == (-1640, 655 - 4188 + 1640)
    assert DayPower.parse([{"uploadTime": "soon"}, {}]).latest is None
    (portal,) = DayPower.parse(
        [{"uploadTime": "2026-09-14 12:04:31", "cobat": 50, "pChargingPile": 7}]
    ).samples
    assert (portal.state_of_charge, portal.ev_w) == (50, 7)
    assert (portal.grid_w, portal.battery_w) == (None, None)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-09-14 12:04:31", datetime(2026, 9, 14, 12, 4, 31)),
        ("2026-09-14T12:04:31+09:30", datetime(2026, 9, 14, 12, 4, 31)),
        ("2026-09-31 12:04:31", None),
        (1789353871, None),
        (None, None),
    ],
)
def test_times_are_the_plants_own(text: Any, time: datetime | None) -> None:
    """They are wall clock, so they have no zone that could be wrong."""
    assert plant_time(text) == time


@pytest.mark.parametrize(
    ("value", "share"), [(0, 0), (1, 100), (1.01, None), (-6.13514, None), (None, None)]
)
def test_absurd_fractions(value: Any, share: float | None) -> None:
    """A share below 0 or above 1 was seen, and means nothing (2.5)."""
    assert Summary.parse({"eselfConsumption": value}).self_consumption == share


@pytest.mark.parametrize(
    ("money", "code"),
    [
        ("AUD", "AUD"),
        ("eur", "EUR"),
        ("$", "USD"),
        ("€", "EUR"),
        ("kr", "SEK"),
        ("R", "ZAR"),
        ("?", None),
        (None, None),
    ],
)
def test_currencies(money: str | None, code: str | None) -> None:
    """A code or a symbol; what is neither is kept as it is, without a code."""
    assert currency_of(money) == code
    summary = Summary.parse({"moneyType": money})
    assert (summary.money_type, summary.currency) == (money, code)


@pytest.mark.parametrize(
    ("raw", "code", "state"),
    [
        ({"evchargerStatus": 3}, 3, EvState.CHARGING),
        ([{"evchargerStatus": "9"}], 9, EvState.FAULTED),
        ({"evchargerStatus": 7}, 7, None),
        ({"evchargerStatus": None}, None, None),
        (None, None, None),
        ([], None, None),
    ],
)
def test_ev_status(raw: Any, code: int | None, state: EvState | None) -> None:
    """Unknown codes stay as numbers; the list of the portal's text is taken too."""
    status = EvStatus.parse(raw)
    assert (status.code, status.state) == (code, state)


def test_ev_charger() -> None:
    """It is known by its serial number, which is not shown."""
    charger = EvCharger.parse({"evchargerSn": CHARGER, "evchargerModel": None})
    assert charger == EvCharger(serial=CHARGER, model=None)
    assert CHARGER not in repr(charger)
    assert EvCharger.parse({"evchargerModel": "SMILE-EVCT11"}) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *SYSTEM,
                    *LIVE,
                    *DAY[0],
                    *ENERGY,
                    *SUMMARY,
                    "chargeTimeList",
                    "weeks",
                    "beginTime",
                    "timeChaf1",
                    "evchargerStatus",
                    "evchargerSn",
                ]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


@given(raw=st.dictionaries(st.sampled_from([*LIVE, *DAY[0], *SUMMARY]), _JSON) | _JSON)
def test_nothing_makes_the_readers_fail(raw: Any) -> None:
    """One odd value costs that value, never the payload."""
    EvStatus.parse(raw)
    if isinstance(raw, dict):
        for model in (
            System,
            LivePower,
            DayEnergy,
            Summary,
            EvCharger,
            ChargeSettings,
            DischargeSettings,
            PeriodicSchedule,
        ):
            repr(model.parse(raw))  # type: ignore[attr-defined]
        DayPower.parse([raw])

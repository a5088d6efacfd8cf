"""Units and signs, found out from a plant's own readings."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.vendors.fusionsolar.batteries import (
    BatteryConvention,
    BatteryEvidence,
    BatteryOverride,
    discharge_w,
    positive_on_charge,
)
from custom_components.joulekeeper.vendors.fusionsolar.meters import (
    MeterConvention,
    MeterEvidence,
    MeterOverride,
    Moment,
    counters_aligned,
    grid_of,
    in_kilowatts,
    positive_on_export,
    reactive_phases,
)
from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    Battery,
    Meter,
    parse_reading,
)
from custom_components.joulekeeper.vendors.fusionsolar.votes import Votes

from .examples import BATTERY_DAY, METER_DAY, SENSOR_DAY
from .house import Truth

BOTH = (False, True)
EVENING = datetime(2026, 11, 20, 10, tzinfo=UTC)
NIGHT = [Truth(pv=0, load=load) for load in (640, 300, 900, 1500)]
DAY = [Truth(pv=pv, load=load) for pv, load in ((4200, 1100), (5000, 900), (3000, 800))]


def meter(kind: int, **items: Any) -> Meter:
    """Return a reading of a meter."""
    reading = parse_reading(items, kind)
    assert isinstance(reading, Meter)
    return reading


def battery(**items: Any) -> Battery:
    """Return a reading of a battery."""
    reading = parse_reading(items, 39)
    assert isinstance(reading, Battery)
    return reading


def moment(hours: float, truth: Truth, capacity_w: float | None = 6600) -> Moment:
    """Return what else is known so many hours after an evening."""
    return Moment(
        at=EVENING + timedelta(hours=hours),
        produced_w=truth.inverter,
        pv_w=truth.pv,
        capacity_w=capacity_w,
    )


def dark(hours: float) -> Moment:
    """Return the same of a night in which nothing is produced."""
    return moment(hours, Truth(pv=0, load=600))


def test_defaults() -> None:
    """The likelier answers of dossier 3.4 to 3.7, and the examples with them."""
    sensor = parse_reading(SENSOR_DAY, 47)
    assert isinstance(sensor, Meter)
    convention = MeterEvidence().convention(47)
    grid = grid_of(sensor, convention)
    assert (grid.power_w, grid.import_kwh, grid.export_kwh) == (-1850, 4310.02, 9120.55)
    meter_17 = parse_reading(METER_DAY, 17)
    assert isinstance(meter_17, Meter)
    grid = grid_of(meter_17, MeterEvidence().convention(17))
    assert (grid.power_w, grid.import_kwh, grid.export_kwh) == (-1850, 4310.02, 9120.55)
    # An EMMA is said to count the other way round, but by one source alone.
    emma = meter(23070, active_power=0.8, active_cap=10.0, reverse_active_cap=20.0)
    grid = grid_of(emma, MeterEvidence().convention(23070))
    assert (grid.power_w, grid.import_kwh, grid.export_kwh) == (800, None, None)
    chosen = MeterOverride(export_positive=False)
    grid = grid_of(emma, MeterEvidence().convention(23070, chosen))
    assert (grid.import_kwh, grid.export_kwh) == (10, 20)
    by_day = parse_reading(BATTERY_DAY, 39)
    assert isinstance(by_day, Battery)
    assert discharge_w(by_day, BatteryEvidence().convention(39)) == -1200
    assert discharge_w(by_day, BatteryEvidence().convention(41)) == 1200


@pytest.mark.parametrize(
    ("kilowatts", "export", "currents", "kind"),
    product(BOTH, BOTH, BOTH, (17, 47, 23070)),
)
def test_meters_are_found_out(
    kilowatts: bool, export: bool, currents: bool, kind: int
) -> None:
    """Whatever unit and sign a meter has, some nights and days show it."""
    if kilowatts and not currents and kind == 47:
        # A sensor is known for W; kW it shows by its currents only.
        kilowatts = False
    if kind == 23070 and not currents:
        kilowatts = True
    evidence = MeterEvidence()
    for n, truth in enumerate([*NIGHT, *DAY]):
        reading = truth.meter_reading(
            kind, kilowatts=kilowatts, export_positive=export, currents=currents
        )
        evidence = evidence.with_reading(kind, None, reading, moment(n, truth))
        # Over a restart.
        evidence = MeterEvidence.parse(json.loads(json.dumps(evidence.as_data())))
    convention = evidence.convention(kind)
    assert (convention.kilowatts, convention.export_positive) == (kilowatts, export)
    for truth in [*NIGHT, *DAY]:
        reading = truth.meter_reading(kind, kilowatts=kilowatts, export_positive=export)
        assert grid_of(reading, convention).power_w == pytest.approx(truth.grid)
    # The user knows better, whatever was found.
    chosen = MeterOverride(kilowatts=not kilowatts, export_positive=not export)
    assert evidence.convention(kind, chosen) == MeterConvention(
        kilowatts=not kilowatts, export_positive=not export, counts_export=not export
    )


@given(
    st.floats(0, 9000),
    st.floats(0, 9000),
    st.floats(-3000, 3000),
    st.booleans(),
)
def test_balance_never_finds_the_wrong_sign(
    pv: float, load: float, discharge: float, export: bool
) -> None:
    """A reading that is true to the balance shows the sign, or nothing."""
    truth = Truth(pv=pv, load=load, discharge=max(discharge, -pv))
    power = -truth.grid if export else truth.grid
    assert positive_on_export(power, truth.inverter) in (None, export)


@pytest.mark.parametrize("capacity", [None, 6600])
def test_unit_in_doubt_shows_no_sign(capacity: float | None) -> None:
    """W that are taken for kW must not turn the sun's export into import."""
    evidence = MeterEvidence()
    for n, truth in enumerate([*DAY, *DAY]):
        reading = truth.meter_reading(17, kilowatts=False, export_positive=True)
        now = moment(n, truth, capacity)
        evidence = evidence.with_reading(17, None, reading, now)
    assert evidence.export_positive is None
    assert evidence.days == evidence.nights == Votes()


def test_sun_shows_no_sign() -> None:
    """By day both signs make a load that may be; at night only one does."""
    assert positive_on_export(1850, 2950) is None
    assert positive_on_export(-640, 0) is True
    assert positive_on_export(640, 0) is False
    assert positive_on_export(-30, 0) is None


def test_units() -> None:
    """By the apparent power, or by what a roof cannot give."""
    for raw, told in (
        # Three phases could cancel each other out, unless all go the same way.
        (METER_DAY, None),
        (METER_DAY | {f"active_power_{p}": 0.62 for p in "abc"}, True),
        ({**METER_DAY, "active_power": 1850.0}, False),
    ):
        reading = parse_reading(raw, 17)
        assert isinstance(reading, Meter)
        assert in_kilowatts(reading, None) is told
    assert in_kilowatts(meter(17, active_power=640.0), 6600) is False
    assert in_kilowatts(meter(17, active_power=0.64), 6600) is None
    assert in_kilowatts(meter(17, active_power=640.0), None) is None
    assert in_kilowatts(meter(17, active_power=640.0), 0) is None
    assert in_kilowatts(meter(17, active_power=None, a_u=240, a_i=5), 6600) is None
    assert in_kilowatts(meter(17, active_power=0.0, a_u=240, a_i=5), 6600) is None


@given(st.floats(60, 20_000), st.floats(0.2, 1.0), st.booleans(), st.booleans())
def test_apparent_power_shows_the_unit(
    apparent: float, factor: float, kilowatts: bool, imports: bool
) -> None:
    """At every usual power factor, for either direction."""
    power = apparent * factor * (1 if imports else -1)
    reading = meter(
        17, active_power=power / (1000 if kilowatts else 1), a_u=240, a_i=apparent / 240
    )
    assert in_kilowatts(reading, 6600) is kilowatts


@pytest.mark.parametrize("kilowatts", BOTH)
def test_phases_have_a_unit_of_their_own(kilowatts: bool) -> None:
    """By their currents, else by their sum; unknown rather than wrong."""
    unit = 1000 if kilowatts else 1
    phases = {
        f"active_power_{p}": w / unit
        for p, w in zip("abc", (900, 600, 350), strict=True)
    }
    convention = MeterEvidence().convention(47)
    grid = grid_of(meter(47, active_power=1850.0, **phases), convention)
    assert grid.phases_w == pytest.approx((-900, -600, -350))
    shown = meter(47, active_power=None, meter_u=240, meter_i=3.8, **phases)
    assert grid_of(shown, convention).phases_w == pytest.approx((-900, -600, -350))
    assert grid_of(shown, convention).power_w is None
    alone = grid_of(meter(47, active_power=None, **phases), convention)
    assert alone.phases_w == (None, None, None)
    nothing = dict.fromkeys(phases, 0.0)
    assert grid_of(meter(47, active_power=0, **nothing), convention).phases_w == (
        0,
        0,
        0,
    )


def test_counters() -> None:
    """Which counter grows while power has one sign tells what it counts."""

    def at(power: float | None, positive: float | None, reverse: float | None) -> Meter:
        return meter(
            47, active_power=power, active_cap=positive, reverse_active_cap=reverse
        )

    assert counters_aligned(at(500, 1, 1), at(600, 1.1, 1)) is True
    assert counters_aligned(at(500, 1, 1), at(600, 1, 1.1)) is False
    assert counters_aligned(at(-500, 1, 1), at(-600, 1, 1.1)) is True
    assert counters_aligned(at(-500, 1, 1), at(600, 1.1, 1)) is None
    assert counters_aligned(at(500, 1, 1), at(600, 1.1, 1.1)) is None
    assert counters_aligned(at(500, 1, 1), at(600, 1, 1)) is None
    assert counters_aligned(at(500, 2, 1), at(600, 1, 1)) is None
    assert counters_aligned(at(500, None, 1), at(600, 1, 1)) is None
    assert counters_aligned(at(None, 1, 1), at(600, 1.1, 1)) is None

    # Where they are not aligned, energies are the other way round, power is not.
    readings = [at(-500, 10 + n, 20) for n in range(6)]
    evidence = MeterEvidence()
    for n, (before, now) in enumerate(pairwise(readings)):
        evidence = evidence.with_reading(47, before, now, dark(n))
    grid = grid_of(readings[-1], evidence.convention(47))
    assert (grid.power_w, grid.import_kwh, grid.export_kwh) == (500, 15, 20)


# -- counters that are booked --------------------------------------------------

SWAPPED = {"active_cap": 4000.0, "reverse_active_cap": 9000.0}


def nights(
    evidence: MeterEvidence,
    kind: int,
    override: MeterOverride,
    hours: int,
    power: float,
) -> MeterEvidence:
    """Return the evidence after hours of a night, in which the meter counts on."""
    before: Meter | None = None
    for n in range(hours * 12):
        counted = SWAPPED["active_cap" if power > 0 else "reverse_active_cap"] + n
        key = "active_cap" if power > 0 else "reverse_active_cap"
        now = meter(kind, active_power=power, **{**SWAPPED, key: counted})
        at = dark(n / 12)
        evidence = evidence.with_reading(kind, before, now, at)
        evidence = evidence.with_shown(kind, override)
        # Over a restart.
        evidence = MeterEvidence.parse(json.loads(json.dumps(evidence.as_data())))
        before = now
    return evidence


def test_counters_that_were_shown_stay() -> None:
    """A sign that is found out turns the power, not what statistics have booked."""
    ours = MeterOverride()
    # By day nothing doubts what all sources say.
    evidence = MeterEvidence().with_shown(47, ours)
    assert evidence.convention(47).counts_export is True
    evidence = nights(evidence, 47, ours, 8, 600.0)
    convention = evidence.convention(47)
    assert (convention.export_positive, convention.counts_export) == (False, True)
    assert evidence.disputes()
    # Who chooses it has them change places, and no more is told.
    chosen = MeterOverride(export_positive=False)
    assert evidence.convention(47, chosen).counts_export is False
    evidence = evidence.with_shown(47, chosen)
    assert evidence.convention(47, chosen).counts_export is False
    assert not evidence.disputes(chosen)


def test_counters_wait_where_the_first_night_doubts() -> None:
    """What nobody has seen yet can be shown the right way at once."""
    ours = MeterOverride()
    for kind, doubtful in ((47, 1), (23070, 0)):
        power = 0.6 if kind == 23070 else 600.0
        sign = -power if kind == 23070 else power
        evidence = nights(MeterEvidence(), kind, ours, 2, sign)
        assert evidence.convention(kind).counts_export is None, doubtful
        evidence = nights(MeterEvidence(), kind, ours, 5, sign)
        assert evidence.convention(kind).counts_export is (kind == 23070)
        assert not evidence.disputes()


def test_a_choice_that_counters_contradict() -> None:
    """Counters of a meter that counts against its own sign; automatic mends it."""
    chosen = MeterOverride(export_positive=True)
    evidence = MeterEvidence(aligned=Votes(no=3)).with_shown(47, chosen)
    assert evidence.convention(47, chosen).counts_export is False
    evidence = MeterEvidence().with_shown(47, chosen)
    evidence = MeterEvidence(aligned=Votes(no=3), shown=evidence.shown)
    assert evidence.disputes(chosen)
    assert not evidence.with_shown(47, MeterOverride()).disputes()


def test_sun_that_huawei_does_not_see() -> None:
    """Three sunny polls, or three sunny days, do not turn a sign that is right."""
    evidence = MeterEvidence().with_shown(17, MeterOverride())
    for n in range(24 * 12 * 3):
        hour = n / 12 % 24
        sunny = hour < 12
        # 1 kW is known, 4 kW are exported; at night the house imports.
        truth = Truth(pv=1000, load=-3000) if sunny else Truth(pv=0, load=600)
        reading = truth.meter_reading(17, kilowatts=True, export_positive=True)
        evidence = evidence.with_reading(17, None, reading, moment(n / 12, truth))
        evidence = evidence.with_shown(17, MeterOverride())
        convention = evidence.convention(17)
        assert (convention.export_positive, convention.counts_export) == (True, True)
    assert evidence.days.verdict is False
    assert evidence.nights.verdict is True
    assert not evidence.disputes()


def test_votes_of_one_hour() -> None:
    """However often it is asked, an hour has one vote."""
    votes = Votes()
    for n in range(36):
        votes = votes.plus_hourly(True, EVENING + n * timedelta(minutes=5))
        assert votes.verdict is (True if n >= 24 else None), n
    assert votes.yes == 3


def test_phases_that_cancel_each_other_out() -> None:
    """A hybrid holds three phases at nothing: that is no proof of kW."""
    volts = {"meter_u": 240.0, "b_u": 240.0, "c_u": 240.0}
    amps = {"meter_i": 6.0, "b_i": 4.0, "c_i": 2.0}
    held = meter(47, active_power=3.0, **volts, **amps)
    assert in_kilowatts(held, 6600) is None
    phases = dict(
        zip([f"active_power_{p}" for p in "abc"], (1440.0, -957.0, -480.0), strict=True)
    )
    assert in_kilowatts(meter(47, active_power=3.0, **volts, **amps, **phases), 0) is (
        None
    )
    # All one way, they cannot.
    drawn = dict.fromkeys(phases, -0.96)
    kilowatts = meter(47, active_power=-2.88, **volts, **amps, **drawn)
    assert in_kilowatts(kilowatts, 6600) is True
    # One phase cannot either.
    assert in_kilowatts(meter(47, active_power=1.4, meter_u=240, meter_i=6), 0) is True
    evidence = MeterEvidence()
    for n in range(50):
        evidence = evidence.with_reading(47, None, held, dark(n))
    assert evidence.convention(47).kilowatts is False


def test_reactive_powers_of_phases() -> None:
    """A grid meter tells kvar; a power sensor's unit shows by the sum."""
    items = {f"reactive_power_{p}": -0.1 for p in "abc"}
    assert reactive_phases(meter(17, **items), 17) == (-100, -100, -100)
    for total, told in ((-300.0, -100), (-0.3, -0.1), (-20.0, None), (None, None)):
        found = reactive_phases(meter(47, reactive_power=total, **items), 47)
        assert found == (told, told, told)
    assert reactive_phases(meter(23070), 23070) == (None, None, None)


@pytest.mark.parametrize(
    ("charge_positive", "inside", "kind"), product(BOTH, BOTH, (39, 41))
)
def test_batteries_are_found_out(
    charge_positive: bool, inside: bool, kind: int
) -> None:
    """By the charge, and by what does not leave the inverter."""
    evidence, before, soc = BatteryEvidence(), None, 50.0
    for power in (1500, 1500, 1500, -2000, -2000, -2000, 800, 800):
        truth = Truth(pv=4000, load=700, discharge=power, inside=inside)
        soc -= power / 1000
        reading = truth.battery_reading(kind, charge_positive, soc)
        evidence = evidence.with_reading(before, reading, truth.pv, truth.inverter)
        evidence = BatteryEvidence.parse(json.loads(json.dumps(evidence.as_data())))
        before = reading
    convention = evidence.convention(kind)
    assert convention == BatteryConvention(charge_positive, inside)
    assert before is not None
    assert discharge_w(before, convention) == 800
    chosen = BatteryOverride(charge_positive=not charge_positive, inside=not inside)
    assert evidence.convention(kind, chosen) == BatteryConvention(
        not charge_positive, not inside
    )


def test_directions_of_charge() -> None:
    """Steps of a percent, else the day's energies; midnight and idling show nothing."""

    def at(power: float | None, **items: Any) -> Battery:
        return battery(ch_discharge_power=power, **items)

    low, high = {"battery_soc": 50}, {"battery_soc": 51}
    assert positive_on_charge(at(500, **low), at(600, **high)) is True
    assert positive_on_charge(at(-500, **low), at(-600, **high)) is False
    assert positive_on_charge(at(500, **high), at(600, **low)) is False
    assert positive_on_charge(at(100, **low), at(600, **high)) is None
    assert positive_on_charge(at(-500, **low), at(600, **high)) is None
    assert positive_on_charge(at(None, **low), at(600, **high)) is None
    day = {"charge_cap": 1.0, "discharge_cap": 1.0}
    more = {"charge_cap": 1.1, "discharge_cap": 1.0}
    assert positive_on_charge(at(500, **low, **day), at(500, **low, **more)) is True
    assert positive_on_charge(at(500, **more), at(500, **day)) is None
    assert positive_on_charge(at(500, **day), at(500, **day)) is None


def test_votes() -> None:
    """Three that agree; one in five may err; what is new outweighs what is old."""
    votes = Votes().plus(None)
    assert votes == Votes()
    for n in range(3):
        assert votes.verdict is None, n
        votes = votes.plus(True)
    assert votes.verdict is True
    assert votes.plus(False).verdict is None
    assert votes.plus(True).plus(False).verdict is True
    for _ in range(500):
        votes = votes.plus(True)
    needed = 0
    while votes.verdict is not False:
        votes, needed = votes.plus(False), needed + 1
        assert needed < 200
    assert Votes.parse({"yes": "many", "no": -3}) == Votes.parse(None) == Votes()

"""The day profile: what it tells, what becomes of it when it is changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.vendors.anker.profile import Profile, power_w
from custom_components.joulekeeper.vendors.anker.profile_edits import (
    SlotChange,
    changing_current,
    check_increase,
    cleared,
    inserting,
    setting,
)

from .plans import LEFT, RIGHT, SINGLE, SYSTEM_A, SYSTEM_B, old_slot, profile_raw, slot

NOON = 12 * 60
BANKS = (LEFT, RIGHT)
DAY = 24 * 60


def read(*slots: dict[str, Any], serials: tuple[str, ...] = (SINGLE,)) -> Profile:
    """Return a profile as it was read."""
    return Profile.parse(profile_raw(*slots), serials)


def written(profile: Profile) -> list[tuple[str, str, int]]:
    """Return the slots as they are sent, in short."""
    return [
        (it["start_time"], it["end_time"], it["appliance_loads"][0]["power"])
        for it in profile.dump()["ranges"]
    ]


@pytest.mark.parametrize("slots", [SYSTEM_A, SYSTEM_B, ()])
def test_nothing_is_lost(slots: tuple[dict[str, Any], ...]) -> None:
    """What is read is what is written, whatever else the cloud has put in."""
    raw = profile_raw(*({**it, "new": [1]} for it in slots), unknown={"a": 1})
    profile = Profile.parse(raw)
    if slots:
        assert profile.dump() == raw
        assert list(profile.dump()) == list(raw)
        assert [list(it) for it in profile.dump()["ranges"]] == [
            list(it) for it in raw["ranges"]
        ]
    else:
        # Dossier 5.2: that is how it is cleared.
        assert profile.dump() == {"ranges": []}


@pytest.mark.parametrize(
    "ranges",
    [
        "text",
        [None],
        [{"start_time": "08:00"}],
        [{"start_time": "8", "end_time": "24:00"}],
        [slot("08:00", "08:00", 100)],
        [slot("08:00", "24:01", 100)],
        [slot("00:00", "10:00", 100), slot("09:59", "24:00", 100)],
    ],
)
def test_what_is_not_understood_is_left_alone(ranges: object) -> None:
    """A slot that could not be written back is not to be overwritten."""
    profile = Profile.parse({**profile_raw(), "ranges": ranges}, (SINGLE,))
    assert profile.slots is None
    assert profile.power_at(NOON) is None
    with pytest.raises(InvalidRequest) as error:
        changing_current(profile, NOON, SlotChange(system_w=200))
    assert error.value.reason == "settings_unknown"


# -- the power of one or two banks (dossier 5.6, 9.3) ------------------------------


def test_power_share_of_two_banks() -> None:
    """The three rows of dossier 5.6, one after the other."""
    profile = read(*SYSTEM_B, serials=BANKS)
    profile = changing_current(profile, NOON, SlotChange(system_w=300))
    now = profile.dump()["ranges"][1]
    assert (now["power_setting_mode"], now["device_power_loads"]) == (
        1,
        [{"device_sn": LEFT, "power": 150}, {"device_sn": RIGHT, "power": 150}],
    )
    profile = changing_current(profile, NOON, SlotChange(bank_w=100, serial=LEFT))
    # Just as the public library has it, dossier 9.3.
    assert profile.dump()["ranges"] == [
        SYSTEM_B[0],
        {
            **SYSTEM_B[1],
            "appliance_loads": [{"id": 0, "name": "Custom", "power": 250, "number": 1}],
            "power_setting_mode": 2,
            "device_power_loads": [
                {"device_sn": LEFT, "power": 100},
                {"device_sn": RIGHT, "power": 150},
            ],
        },
    ]
    change = SlotChange(system_w=300, bank_w=100, serial=LEFT)
    now = changing_current(profile, NOON, change).dump()["ranges"][1]
    assert now["appliance_loads"][0]["power"] == 300
    assert [it["power"] for it in now["device_power_loads"]] == [100, 200]
    # Row one again: the shares are equal, not those of before.
    back = changing_current(profile, NOON, SlotChange(system_w=300))
    assert back.dump()["ranges"] == list(SYSTEM_B)


@pytest.mark.parametrize(
    ("system", "bank", "shares"),
    [
        (2000, 100, [100, 800]),
        (100, 100, [100, 50]),
        (None, 5, [50, 150]),
        (None, 900, [800, 150]),
    ],
)
def test_shares_keep_their_limits(
    system: float | None, bank: float, shares: list[int]
) -> None:
    """No bank gets less than 50 W, or more than 800 W."""
    change = SlotChange(system_w=system, bank_w=bank, serial=LEFT)
    profile = changing_current(read(*SYSTEM_B, serials=BANKS), NOON, change)
    now = profile.dump()["ranges"][1]
    assert [it["power"] for it in now["device_power_loads"]] == shares
    assert now["appliance_loads"][0]["power"] == sum(shares)


def test_shares_keep_the_limit_of_the_profile() -> None:
    """Where the cloud tells less than 800 W per bank."""
    profile = Profile.parse(profile_raw(*SYSTEM_B, max_load=600), BANKS)
    change = SlotChange(system_w=2000, bank_w=900, serial=LEFT)
    now = changing_current(profile, NOON, change).dump()["ranges"][1]
    assert [it["power"] for it in now["device_power_loads"]] == [600, 600]


@pytest.mark.parametrize(
    ("watts", "serials", "power"),
    [
        (20, (SINGLE,), 100),
        (900, (SINGLE,), 800),
        (0, BANKS, 100),
        (900, BANKS, 900),
        (9000, BANKS, 1600),
    ],
)
def test_limits(watts: float, serials: tuple[str, ...], power: int) -> None:
    """All banks together keep to what the cloud tells (dossier 5.1)."""
    for change in (changing_current, lambda p, m, c: inserting(p, m, m + 9, c)):
        profile = change(
            read(*SYSTEM_A, serials=serials), NOON, SlotChange(system_w=watts)
        )
        at_noon = profile.at(NOON)
        assert at_noon is not None
        assert power_w(at_noon) == power


def test_old_firmware_gets_no_new_keys() -> None:
    """Only keys that exist are written; one bank's power is that of all."""
    raw = old_slot("00:00", "24:00", 200)
    profile = Profile.parse({"ranges": [raw], "min_load": 150}, (SINGLE,))
    change = SlotChange(bank_w=300, serial=SINGLE, lets_out=False, charge_priority=20)
    made = inserting(profile, NOON, NOON + 60, change)
    for item in made.dump()["ranges"]:
        assert item.keys() == raw.keys()
    assert written(made) == [
        ("00:00", "12:00", 200),
        ("12:00", "13:00", 300),
        ("13:00", "24:00", 200),
    ]
    with pytest.raises(InvalidRequest) as error:
        changing_current(profile, NOON, SlotChange(discharges_first=True))
    assert error.value.reason == "firmware_too_old"


def test_names_are_kept() -> None:
    """A mixture of names confuses the device, so that new slots have the old one's."""
    loads = [{"id": 0, "name": "Benutzerdefiniert", "power": 300, "number": 1}]
    profile = read(slot("00:00", "10:00", 300, appliance_loads=loads))
    made = inserting(profile, NOON, NOON + 60, SlotChange(system_w=200))
    names = {it["appliance_loads"][0]["name"] for it in made.dump()["ranges"]}
    assert names == {"Benutzerdefiniert"}


# -- times -------------------------------------------------------------------------


def test_a_gap_becomes_a_slot() -> None:
    """It fills exactly the gap, with defaults for all else (dossier 5.3)."""
    profile = read(
        slot("00:00", "08:00", 300, turn_on=False, charge_priority=5),
        slot("18:00", "24:00", 400),
    )
    made = changing_current(profile, NOON, SlotChange(system_w=250))
    assert written(made) == [
        ("00:00", "08:00", 300),
        ("08:00", "18:00", 250),
        ("18:00", "24:00", 400),
    ]
    new = made.dump()["ranges"][1]
    assert (new["turn_on"], new["charge_priority"]) == (True, 80)
    assert profile.power_at(NOON) == 200
    assert profile.power_at(0) == 0


def test_without_slots() -> None:
    """A whole day comes to be, in two slots (dossier 5.2)."""
    made = changing_current(read(), NOON, SlotChange(system_w=250))
    assert written(made) == [("00:00", "12:00", 250), ("12:00", "24:00", 250)]
    one, other = made.dump()["ranges"]
    assert one | {"start_time": "", "end_time": ""} == other | {
        "start_time": "",
        "end_time": "",
    }
    assert one.keys() == slot("", "", 0).keys()
    assert cleared(made).dump() == {"ranges": []}


def test_set_drops_all_others() -> None:
    """And never leaves a single slot for the whole day."""
    made = setting(read(*SYSTEM_A), 0, DAY, SlotChange(system_w=400))
    assert written(made) == [("00:00", "12:00", 400), ("12:00", "24:00", 400)]
    made = setting(read(*SYSTEM_A), 600, 720, SlotChange())
    assert written(made) == [("10:00", "11:00", 100), ("11:00", "12:00", 100)]


def test_what_is_not_told_comes_from_the_slot_at_the_edge() -> None:
    """From the one that starts or ends there, else it is a default."""
    profile = read(slot("00:00", "08:00", 200, charge_priority=5), SYSTEM_A[1])
    change = SlotChange(lets_out=False)
    for start, end, power, priority in (
        (0, 60, 200, 5),
        (7 * 60, 8 * 60, 200, 5),
        (60, 120, 100, 80),
        (7 * 60, 9 * 60, 100, 80),
        (7 * 60, DAY, 300, 80),
    ):
        new = inserting(profile, start, end, change).at(start)
        assert new is not None
        assert (power_w(new), new.raw["charge_priority"]) == (power, priority)
        assert new.raw["turn_on"] is False


@pytest.mark.parametrize(("start", "end"), [(60, 60), (120, 60), (-1, 60), (60, 1441)])
def test_times_of_no_sense(start: int, end: int) -> None:
    """They are refused before anything is sent."""
    for change in (setting, inserting):
        with pytest.raises(InvalidRequest) as error:
            change(read(*SYSTEM_A), start, end, SlotChange(system_w=200))
        assert error.value.reason == "slot_time_error"


edges = st.lists(st.integers(0, 96), min_size=2, max_size=8, unique=True).map(sorted)
insertions = st.lists(
    st.tuples(
        st.integers(0, 95),
        st.integers(1, 96),
        st.integers(10, 80).map(lambda w: w * 10),
    ).filter(lambda it: it[0] < it[1]),
    min_size=1,
    max_size=5,
)


@given(edges=edges, gaps=st.integers(0, 255), new=insertions)
def test_insertions_are_as_in_a_model(
    edges: list[int], gaps: int, new: list[tuple[int, int, int]]
) -> None:
    """Minute by minute; and whatever comes of it can be read, and has two slots."""
    spans = [
        (one * 15, other * 15, 100 + 50 * index)
        for index, (one, other) in enumerate(pairwise(edges))
        if not gaps >> index & 1
    ]
    model: list[int | None] = [None] * DAY
    for start, end, power in spans:
        model[start:end] = [power] * (end - start)
    texts = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(DAY + 1)]
    profile = read(*(slot(texts[one], texts[other], w) for one, other, w in spans))
    for first, last, power in new:
        start, end = first * 15, last * 15
        profile = inserting(profile, start, end, SlotChange(system_w=power))
        model[start:end] = [power] * (end - start)
    again = Profile.parse(profile.dump(), (SINGLE,))
    assert again.slots is not None
    found: list[int | None] = [None] * DAY
    for piece in again.slots:
        found[piece.start : piece.end] = [power_w(piece)] * (piece.end - piece.start)
    assert found == model
    assert len(again.slots) >= 2
    alike = [
        one.end == other.start and power_w(one) == power_w(other)
        for one, other in pairwise(again.slots)
    ]
    assert not any(alike) or len(again.slots) == 2


# -- more output soon after a change -----------------------------------------------


def test_increases_wait_half_a_minute() -> None:
    """Less is possible at any time."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    just_now = now - timedelta(seconds=29)
    with pytest.raises(InvalidRequest) as error:
        check_increase(200, 210, just_now, now)
    assert error.value.reason == "increase_blocked"
    for before, after, at in (
        (200, 190, just_now),
        (200, 200, just_now),
        (200, 210, now - timedelta(seconds=30)),
        (200, 210, None),
        (None, 210, just_now),
    ):
        check_increase(before, after, at, now)


def test_enforced() -> None:
    """A bank behind one of a later generation is ruled by that one."""
    raw = slot(
        "00:00",
        "24:00",
        120,
        turn_on=None,
        power_setting_mode=None,
        device_power_loads=None,
        charge_priority=0,
    )
    assert read(raw).enforced
    assert not read(*SYSTEM_A).enforced
    assert not read(old_slot("00:00", "24:00", 100)).enforced
    with pytest.raises(InvalidRequest) as error:
        changing_current(read(raw), NOON, SlotChange(system_w=200))
    assert error.value.reason == "ruled_elsewhere"

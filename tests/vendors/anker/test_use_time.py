"""Times of use: what they tell, and each rule by which they are changed."""

from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.vendors.anker.tariff_edits import (
    TariffChange,
    modified,
)
from custom_components.joulekeeper.vendors.anker.use_time import (
    DayType,
    Tariff,
    dump,
    parse,
    season_at,
    tariff_at,
)

PEAK, MID, OFF, VALLEY = 1, 2, 3, 4
FRIDAY = datetime(2026, 11, 20, 19, 30)
SUNDAY = datetime(2026, 11, 22, 19, 30)


def plan() -> list[dict[str, Any]]:
    """Return the plan of dossier 5.5."""
    return [
        {
            "sea": {"start_month": 1, "end_month": 12},
            "weekday": [
                {"start_time": 0, "end_time": 6, "type": 4},
                {"start_time": 6, "end_time": 18, "type": 3},
                {"start_time": 18, "end_time": 21, "type": 1},
                {"start_time": 21, "end_time": 24, "type": 3},
            ],
            "weekend": [{"start_time": 0, "end_time": 24, "type": 3}],
            "weekday_price": [
                {"price": "0.20", "type": 4},
                {"price": "0.28", "type": 3},
                {"price": "0.41", "type": 1},
            ],
            "weekend_price": [{"price": "0.28", "type": 3}],
            "unit": "€",
            "is_same": False,
        }
    ]


def hours(data: list[dict[str, Any]], kind: str = "weekday", month: int = 11) -> str:
    """Return the tariff of each hour of a day, as digits."""
    seasons = parse(data)
    assert seasons is not None
    season = season_at(seasons, month)
    assert season is not None
    return "".join(str(season.day(DayType(kind)).at(it).tariff) for it in range(24))


WEEKDAY = "4" * 6 + "3" * 12 + "1" * 3 + "3" * 3


def test_nothing_is_lost() -> None:
    """What is read is what is written, with keys that nobody knows."""
    raw = plan()
    raw[0]["new"] = 1
    raw[0]["weekday"][0]["other"] = 2
    raw[0]["weekday_price"][0]["sell_price"] = "0.08"
    assert dump(parse(raw) or ()) == raw


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("sea", "end_month"), 11),
        (("weekday", 0, "end_time"), 5),
        (("weekday", 0, "end_time"), 7),
        (("weekday", 3, "end_time"), 23),
        (("weekday", 0, "type"), None),
        (("weekday_price", 0, "price"), "dear"),
        (("weekday",), []),
    ],
)
def test_gaps_are_not_understood(where: tuple[Any, ...], value: object) -> None:
    """Nor is anything else that could not be written back."""
    raw = plan()
    target: Any = raw[0]
    for key in where[:-1]:
        target = target[key]
    target[where[-1]] = value
    assert parse(raw) is None
    with pytest.raises(InvalidRequest) as error:
        modified(raw, TariffChange(tariff=Tariff.PEAK), FRIDAY)
    assert error.value.reason == "settings_unknown"


def test_tariff_now() -> None:
    """Of the kind of day that it is."""
    seasons = parse(plan()) or ()
    assert tariff_at(seasons, FRIDAY) == (PEAK, "0.41")
    assert tariff_at(seasons, SUNDAY) == (OFF, "0.28")
    assert tariff_at(seasons, FRIDAY.replace(hour=0)) == (VALLEY, "0.20")


def test_both_hours_put_an_interval_in() -> None:
    """Neighbours shrink, and equal ones are one; off-peak unless told."""
    made = modified(
        plan(), TariffChange(start_hour=10, end_hour=14, tariff=Tariff.VALLEY), FRIDAY
    )
    assert hours(made) == "4" * 6 + "3" * 4 + "4" * 4 + "3" * 4 + "1" * 3 + "3" * 3
    assert len(made[0]["weekday"]) == 6
    made = modified(plan(), TariffChange(start_hour=18, end_hour=21), FRIDAY)
    assert hours(made) == "4" * 6 + "3" * 18
    # Its price goes with the last hour of a tariff.
    assert [it["type"] for it in made[0]["weekday_price"]] == [4, 3]
    assert hours(made, "weekend") == "3" * 24


def test_one_hour_chooses_the_interval_that_it_is_in() -> None:
    """By its start, or by its end."""
    for change in (
        TariffChange(start_hour=19, tariff=Tariff.MID_PEAK, price=0.35),
        TariffChange(end_hour=21, tariff=Tariff.MID_PEAK, price=0.35),
        TariffChange(tariff=Tariff.MID_PEAK, end_hour=19, price=0.35),
    ):
        made = modified(plan(), change, FRIDAY)
        assert hours(made) == WEEKDAY.replace("1", "2")
        assert {"price": "0.35", "type": 2} in made[0]["weekday_price"]


def test_a_price_alone_is_that_of_the_tariff_of_now() -> None:
    """And with a tariff, that one's."""
    made = modified(plan(), TariffChange(price=0.5), FRIDAY)
    assert hours(made) == WEEKDAY
    assert made[0]["weekday_price"][2] == {"price": "0.5", "type": 1}
    made = modified(plan(), TariffChange(price=0.1, tariff=Tariff.VALLEY), FRIDAY)
    assert hours(made) == WEEKDAY
    assert made[0]["weekday_price"][0] == {"price": "0.1", "type": 4}


def test_a_tariff_alone_is_for_the_interval_of_now() -> None:
    """On the kind of day that it is, and at the fixed price if it has none."""
    change = TariffChange(tariff=Tariff.MID_PEAK, default_price=0.31)
    made = modified(plan(), change, FRIDAY)
    assert hours(made) == WEEKDAY.replace("1", "2")
    assert {"price": "0.31", "type": 2} in made[0]["weekday_price"]
    made = modified(plan(), change, SUNDAY)
    assert (hours(made), hours(made, "weekend")) == (WEEKDAY, "2" * 24)


def test_days_that_are_alike() -> None:
    """A change of both leaves them so; of one, it makes them differ."""
    same = modified(plan(), TariffChange(days=DayType.WEEKEND, delete=True), FRIDAY)
    assert same[0]["is_same"] is True
    assert same[0]["weekend"] == same[0]["weekday"]
    made = modified(same, TariffChange(tariff=Tariff.VALLEY), FRIDAY)
    assert made[0]["is_same"] is True
    assert hours(made, "weekend") == hours(made) == WEEKDAY.replace("1", "4")
    change = TariffChange(tariff=Tariff.VALLEY, days=DayType.WEEKEND)
    made = modified(same, change, FRIDAY)
    assert made[0]["is_same"] is False
    assert (hours(made), hours(made, "weekend")) == (
        WEEKDAY,
        WEEKDAY.replace("1", "4"),
    )


def test_a_season_is_split_off() -> None:
    """By both its months; it starts as what was there."""
    change = TariffChange(
        first_month=4,
        last_month=9,
        days=DayType.ALL,
        start_hour=0,
        end_hour=24,
        tariff=Tariff.VALLEY,
        price=0.1,
    )
    made = modified(plan(), change, FRIDAY)
    assert [tuple(it["sea"].values()) for it in made] == [(1, 3), (4, 9), (10, 12)]
    assert hours(made, month=5) == "4" * 24
    assert hours(made, month=10) == WEEKDAY
    assert {it["unit"] for it in made} == {"€"}
    # Back as it was, the three are one.
    gone = modified(made, TariffChange(first_month=4, delete=True), FRIDAY)
    assert gone == plan()


def test_there_is_none_yet() -> None:
    """It starts as a year of off-peak hours."""
    change = TariffChange(
        start_hour=0, end_hour=6, tariff=Tariff.VALLEY, price=0.2, default_price=0.3
    )
    made = modified(None, change, FRIDAY)
    assert (hours(made), hours(made, "weekend")) == ("4" * 6 + "3" * 18,) * 2
    assert made[0]["weekday_price"] == [
        {"price": "0.3", "type": 3},
        {"price": "0.2", "type": 4},
    ]
    assert made[0]["unit"] == "€"
    assert made[0]["is_same"] is True


def test_deletions() -> None:
    """Hours before a tariff, before a kind of day, before months, before all."""
    made = modified(plan(), TariffChange(delete=True, start_hour=19), FRIDAY)
    assert hours(made) == "4" * 6 + "3" * 18
    made = modified(plan(), TariffChange(delete=True, start_hour=0, end_hour=7), FRIDAY)
    assert hours(made) == "3" * 18 + "1" * 3 + "3" * 3
    made = modified(plan(), TariffChange(delete=True, tariff=Tariff.VALLEY), FRIDAY)
    assert hours(made) == "3" * 18 + "1" * 3 + "3" * 3
    only = TariffChange(delete=True, days=DayType.WEEKEND)
    made = modified(plan(), only, FRIDAY)
    assert made[0]["is_same"] is True
    assert hours(made, "weekend") == WEEKDAY
    assert modified(plan(), TariffChange(delete=True), FRIDAY) == []
    all_days = TariffChange(delete=True, days=DayType.ALL)
    assert modified(plan(), all_days, FRIDAY) == []


def refusal(data: object, change: TariffChange, at: datetime = FRIDAY) -> str | None:
    """Return why a change is refused."""
    with pytest.raises(InvalidRequest) as error:
        modified(data, change, at)
    return error.value.reason


def test_a_deletion_takes_the_named_hours_only() -> None:
    """And never lets the battery be charged in hours in which it was not."""

    def deleted(start: int, end: int) -> str:
        change = TariffChange(delete=True, start_hour=start, end_hour=end)
        return hours(modified(plan(), change, FRIDAY))

    assert deleted(16, 20) == "4" * 6 + "3" * 14 + "1" + "3" * 3
    # What is before is the valley: what is after takes over.
    assert deleted(6, 18) == "4" * 6 + "1" * 15 + "3" * 3
    assert deleted(4, 8) == "4" * 4 + "3" * 14 + "1" * 3 + "3" * 3
    # Hours within an interval have it on both sides.
    for start, end in ((8, 10), (6, 10), (14, 18), (2, 4)):
        change = TariffChange(delete=True, start_hour=start, end_hour=end)
        assert refusal(plan(), change) == "nothing_deleted"
    nights = modified(
        plan(), TariffChange(start_hour=18, end_hour=24, tariff=Tariff.VALLEY), FRIDAY
    )
    for change in (
        TariffChange(delete=True, start_hour=6, end_hour=18),
        TariffChange(delete=True, tariff=Tariff.OFF_PEAK),
        TariffChange(delete=True, tariff=Tariff.OFF_PEAK, days=DayType.WEEKEND),
    ):
        assert refusal(nights, change) == "gap_to_valley"


def test_a_deletion_of_one_kind_of_day_leaves_the_other() -> None:
    """Though they were alike before."""
    same = modified(plan(), TariffChange(days=DayType.WEEKEND, delete=True), FRIDAY)
    assert same[0]["is_same"] is True
    change = TariffChange(delete=True, tariff=Tariff.PEAK, days=DayType.WEEKEND)
    made = modified(same, change, FRIDAY)
    assert (hours(made), hours(made, "weekend")) == (WEEKDAY, "4" * 6 + "3" * 18)


def test_a_deletion_takes_the_named_months_only() -> None:
    """The season before takes them over; a range of months never ends the plan."""
    months = TariffChange(delete=True, first_month=3, last_month=5)
    assert refusal(plan(), months) == "nothing_deleted"
    year = TariffChange(delete=True, first_month=1, last_month=12)
    assert refusal(plan(), year) == "nothing_left"
    summer = TariffChange(
        first_month=4,
        last_month=9,
        days=DayType.ALL,
        start_hour=0,
        end_hour=24,
        tariff=Tariff.MID_PEAK,
    )
    seasons = modified(plan(), summer, FRIDAY)
    made = modified(seasons, months, FRIDAY)
    assert [tuple(it["sea"].values()) for it in made] == [(1, 5), (6, 9), (10, 12)]
    assert hours(made, month=5) == WEEKDAY
    # Hours of some months, too.
    peak = TariffChange(delete=True, first_month=11, last_month=11, tariff=Tariff.PEAK)
    made = modified(seasons, peak, FRIDAY)
    assert [tuple(it["sea"].values()) for it in made] == [
        (1, 3),
        (4, 9),
        (10, 10),
        (11, 11),
        (12, 12),
    ]
    assert hours(made, month=11) == "4" * 6 + "3" * 18
    assert hours(made, month=12) == WEEKDAY


@given(
    start=st.integers(0, 23),
    length=st.integers(1, 24),
    days=st.sampled_from(DayType),
    tariffs=st.lists(st.sampled_from(Tariff), min_size=24, max_size=24),
)
def test_deletions_are_as_in_a_model(
    start: int, length: int, days: DayType, tariffs: list[Tariff]
) -> None:
    """No other hour changes, and none becomes the valley."""
    end = min(start + length, 24)
    before = plan()
    for hour, tariff in enumerate(tariffs):
        change = TariffChange(
            start_hour=hour, end_hour=hour + 1, tariff=tariff, days=DayType.ALL
        )
        before = modified(before, change, FRIDAY)
    change = TariffChange(delete=True, start_hour=start, end_hour=end, days=days)
    with suppress(InvalidRequest):
        after = modified(before, change, FRIDAY)
        assert after != before
        for kind in (DayType.WEEKDAY, DayType.WEEKEND):
            old, new = hours(before, kind), hours(after, kind)
            if days not in (kind, DayType.ALL):
                assert new == old
            assert (new[:start], new[end:]) == (old[:start], old[end:])
            assert not any(
                one != "4" and other == "4" for one, other in zip(old, new, strict=True)
            )


def test_a_price_of_a_tariff_that_is_not_there() -> None:
    """It is refused: it would be dropped, and nobody would know."""
    change = TariffChange(price=0.3, tariff=Tariff.MID_PEAK)
    assert refusal(plan(), change) == "tariff_missing"
    both = TariffChange(price=0.3, tariff=Tariff.PEAK, days=DayType.ALL)
    made = modified(plan(), both, SUNDAY)
    assert {"price": "0.3", "type": 1} in made[0]["weekday_price"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (TariffChange(), "nothing_told"),
        (TariffChange(start_hour=6, end_hour=6), "window_backwards"),
        (TariffChange(first_month=6, last_month=5, price=1), "window_backwards"),
        (TariffChange(start_hour=24), "slot_time_error"),
        (TariffChange(end_hour=0), "slot_time_error"),
        (TariffChange(first_month=13), "slot_time_error"),
        (TariffChange(price=10.01), "price_out_of_range"),
    ],
)
def test_what_makes_no_sense(change: TariffChange, reason: str) -> None:
    """It is refused, with its reason."""
    with pytest.raises(InvalidRequest) as error:
        modified(plan(), change, FRIDAY)
    assert error.value.reason == reason


def test_five_seasons_at_most() -> None:
    """That many the app allows."""
    february, april, june = (
        TariffChange(
            first_month=month,
            last_month=month,
            start_hour=month,
            end_hour=month + 2,
            tariff=Tariff.MID_PEAK,
        )
        for month in (2, 4, 6)
    )
    made = modified(modified(plan(), february, FRIDAY), april, FRIDAY)
    assert len(made) == 5
    with pytest.raises(InvalidRequest) as error:
        modified(made, june, FRIDAY)
    assert error.value.reason == "too_many_seasons"


insertions = st.lists(
    st.tuples(st.integers(0, 23), st.integers(1, 24), st.sampled_from(Tariff)).filter(
        lambda it: it[0] < it[1]
    ),
    min_size=1,
    max_size=6,
)


@given(changes=insertions, kind=st.sampled_from(DayType))
def test_insertions_are_as_in_a_model(
    changes: list[tuple[int, int, Tariff]], kind: DayType
) -> None:
    """Hour by hour; without gaps, each tariff with its price, equal neighbours one."""
    made = plan()
    models = {"weekday": list(WEEKDAY), "weekend": ["3"] * 24}
    for start, end, tariff in changes:
        change = TariffChange(start_hour=start, end_hour=end, tariff=tariff, days=kind)
        made = modified(made, change, FRIDAY)
        for name, model in models.items():
            if kind in (name, DayType.ALL):
                model[start:end] = [str(tariff.value)] * (end - start)
    for name, model in models.items():
        assert hours(made, name) == "".join(model)
        types = [it["type"] for it in made[0][name]]
        assert all(one != other for one, other in pairwise(types)) or kind not in (
            name,
            DayType.ALL,
        )
        assert set(types) <= {it["type"] for it in made[0][f"{name}_price"]}


@given(
    months=st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12)).map(sorted), max_size=4
    ),
    delete=st.booleans(),
)
def test_seasons_have_no_gaps(months: list[list[int]], delete: bool) -> None:
    """Whatever is put in, or taken out."""
    made: list[dict[str, Any]] = plan()
    for index, (first, last) in enumerate(months):
        change = TariffChange(
            first_month=first,
            last_month=last,
            start_hour=index,
            end_hour=index + 1,
            tariff=Tariff.MID_PEAK,
            delete=delete and index % 2 == 1,
        )
        # More than the app allows are refused, and nothing has changed.
        with suppress(InvalidRequest):
            made = modified(made, change, FRIDAY)
        assert parse(made) is not None
        assert len(made) <= 5

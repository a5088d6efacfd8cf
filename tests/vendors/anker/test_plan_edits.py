"""Edits of an owner's plan: what they change, what they leave, what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.vendors.anker.plan import SitePlan
from custom_components.joulekeeper.vendors.anker.plan_edits import (
    SlotRequest,
    backing_up,
    charging_now,
    choosing_mode,
    clearing_slots,
    discharging_first,
    edited,
    letting_out,
    modifying_use_time,
    presetting,
    presetting_bank,
    prioritizing_charge,
    setting_slot,
    updating_slot,
)
from custom_components.joulekeeper.vendors.anker.rate_plan import Plan
from custom_components.joulekeeper.vendors.anker.status import UsageMode
from custom_components.joulekeeper.vendors.anker.tariff_edits import TariffChange
from custom_components.joulekeeper.vendors.anker.use_time import Tariff

from .plans import (
    LEFT,
    RIGHT,
    SYSTEM_A,
    SYSTEM_B,
    SYSTEM_C,
    profile,
    rate_plan,
    span,
    week_item,
)

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)  # a Friday, noon in Berlin
A = profile(*SYSTEM_A)
B = profile(*SYSTEM_B, serials=(LEFT, RIGHT))
C = rate_plan(*SYSTEM_C)
AC = rate_plan(*SYSTEM_C, mode=1, product="A17C2")
SITE = "site"


def sent(before: SitePlan, edit: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Return what is sent for an edit."""
    calls = edited(before, edit).calls(SITE, before)
    for call in calls:
        assert call.body is not None
        assert call.path.endswith("site/set_site_device_param")
        assert (call.body["site_id"], call.body["cmd"]) == (SITE, 17)
        assert call.body["param_type"] == before.kind
    return [json.loads((call.body or {})["param_data"]) for call in calls]


def reason(plan: SitePlan, edit: Callable[[Any], Any]) -> str | None:
    """Return why an edit is refused."""
    with pytest.raises(InvalidRequest) as error:
        edited(plan, edit)
    return error.value.reason


def test_bank_preset_is_sent_as_the_public_library_does() -> None:
    """Dossier 9.3: the first slot is untouched, and so is all else."""
    (data,) = sent(B, presetting_bank(LEFT, 100, NOW))
    assert data["ranges"] == [
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
    assert {**data, "ranges": 0} == {**B.as_data()["4"], "ranges": 0}


@pytest.mark.parametrize(
    ("plan", "edit"),
    [
        (A, presetting(300, NOW)),
        (A, letting_out(True, NOW)),
        (A, prioritizing_charge(80, NOW)),
        (A, discharging_first(False, NOW)),
        (A, updating_slot(SlotRequest(start=480, end=1439), NOW)),
        (A, updating_slot(SlotRequest(start=600, end=700, power_w=300), NOW)),
        (B, presetting(300, NOW)),
        (C, presetting(250, NOW)),
        (C, choosing_mode(UsageMode.MANUAL)),
        (AC, backing_up(NOW, on=False)),
    ],
)
def test_what_is_so_already_is_not_sent(
    plan: SitePlan, edit: Callable[[Any], Any]
) -> None:
    """Each call counts, and wears the device."""
    assert sent(plan, edit) == []


def test_what_holds_now() -> None:
    """By the wall clock of the site, whoever looks at it from elsewhere."""
    night = datetime(2026, 11, 20, 6, 59, tzinfo=UTC)
    for moment, index in ((NOW, 1), (night, 0), (night + timedelta(minutes=1), 1)):
        (data,) = sent(A, letting_out(False, moment))
        off = [it["turn_on"] is False for it in data["ranges"]]
        assert off == [index == 0, index == 1]
    (data,) = sent(C, presetting(185, NOW))
    assert [it["power"] for it in data["custom_rate_plan"][1]["ranges"]] == [100, 180]


def test_last_seconds_of_a_day_are_the_next_one() -> None:
    """Dossier 5.3; there the clocks of both may differ a little."""
    midnight = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert A.power_at(midnight - timedelta(seconds=3)) == 300
    assert A.power_at(midnight - timedelta(seconds=2)) == 200
    assert C.power_at(midnight - timedelta(seconds=3)) == 250
    assert C.power_at(midnight - timedelta(seconds=2)) == 150


def test_slots_of_any_time() -> None:
    """23:59 stands for midnight."""
    request = SlotRequest(start=1200, end=1439, power_w=400, lets_out=False)
    (data,) = sent(A, updating_slot(request, NOW))
    assert [(it["start_time"], it["end_time"]) for it in data["ranges"]] == [
        ("00:00", "08:00"),
        ("08:00", "20:00"),
        ("20:00", "24:00"),
    ]
    (data,) = sent(A, setting_slot(request, NOW))
    assert [(it["start_time"], it["end_time"]) for it in data["ranges"]] == [
        ("20:00", "22:00"),
        ("22:00", "24:00"),
    ]
    assert sent(A, clearing_slots()) == [{"ranges": []}]
    for minute in (1439, 600):
        nothing = SlotRequest(start=minute, end=minute, power_w=400)
        assert reason(A, updating_slot(nothing, NOW)) == "slot_time_error"


def test_ranges_of_named_days() -> None:
    """And of the plan that is named."""
    request = SlotRequest(
        start=0, end=60, power_w=90, plan=Plan.PLUGS, days=frozenset({5})
    )
    (data,) = sent(C, updating_slot(request, NOW))
    assert data == {
        "mode_type": 3,
        "custom_rate_plan": list(SYSTEM_C),
        "blend_plan": [week_item(0, [5], span("00:00", "01:00", 90))],
    }
    (data,) = sent(C, clearing_slots(Plan.MANUAL, {0, 6}))
    assert data["custom_rate_plan"] == [{**SYSTEM_C[1], "index": 0}]


def test_what_a_plan_does_not_have() -> None:
    """It is said, not dropped."""
    for request in (
        SlotRequest(start=0, end=60, plan=Plan.MANUAL),
        SlotRequest(start=0, end=60, days=frozenset({1})),
        SlotRequest(start=0, end=60, charges=True),
    ):
        assert reason(A, updating_slot(request, NOW)) == "no_rate_plan"
    assert reason(A, clearing_slots(Plan.MANUAL)) == "no_rate_plan"
    for request in (
        SlotRequest(start=0, end=60, bank_w=100, serial=LEFT),
        SlotRequest(start=0, end=60, lets_out=False),
        SlotRequest(start=0, end=60, charge_priority=5),
        SlotRequest(start=0, end=60, discharges_first=True),
    ):
        assert reason(C, setting_slot(request, NOW)) == "no_day_profile"
    assert reason(C, letting_out(True, NOW)) == "not_in_plan"
    assert reason(A, charging_now(True, NOW)) == "not_in_plan"
    assert reason(A, choosing_mode(UsageMode.MANUAL)) == "not_in_plan"
    assert reason(C, charging_now(True, NOW)) == "no_charging_ranges"
    assert reason(C, backing_up(NOW, on=True)) == "no_grid_charge"
    change = TariffChange(tariff=Tariff.PEAK)
    assert reason(C, modifying_use_time(change, NOW)) == "no_use_time"


def test_modes_that_are_not_offered() -> None:
    """The system lacks what they go by."""
    assert reason(C, choosing_mode(UsageMode.SMART_PLUGS)) == "mode_not_offered"
    assert reason(C, choosing_mode(UsageMode.SMART)) == "mode_not_offered"
    (data,) = sent(C, choosing_mode(UsageMode.SMART_METER))
    assert data["mode_type"] == 1
    assert data["custom_rate_plan"] == list(SYSTEM_C)


def test_times_of_use() -> None:
    """They go with the backup charge, in whatever mode there is."""
    change = TariffChange(start_hour=0, end_hour=6, tariff=Tariff.VALLEY, price=0.2)
    (data,) = sent(AC, modifying_use_time(change, NOW))
    assert (data["mode_type"], data["manual_backup"]) == (1, {})
    assert [it["type"] for it in data["use_time"][0]["weekday"]] == [4, 3]
    with_plan = edited(AC, modifying_use_time(change, NOW))
    assert UsageMode.USE_TIME in with_plan.mode_options
    assert UsageMode.USE_TIME not in AC.mode_options
    in_use = edited(with_plan, choosing_mode(UsageMode.USE_TIME))
    delete = TariffChange(delete=True)
    assert reason(in_use, modifying_use_time(delete, NOW)) == "use_time_in_use"
    (data,) = sent(with_plan, modifying_use_time(delete, NOW))
    assert data["use_time"] == []


def test_what_is_not_understood_is_not_overwritten() -> None:
    """Whatever the edit."""
    odd = profile({**SYSTEM_A[0], "start_time": "soon"})
    assert reason(odd, clearing_slots()) == "settings_unknown"
    odd = rate_plan({"week": "all"})
    assert reason(odd, choosing_mode(UsageMode.MANUAL)) == "settings_unknown"

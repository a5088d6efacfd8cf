"""FusionSolar: alarms that last, on clouds that tell of a year or of a month."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.vendors.fusionsolar.feeds import ALARMS_INTERVAL

from ..clouds import Fault
from .conftest import FUSION, OpenFusionHouse

RESIDENTIAL = 38
MONTH_ONLY = 20027


@pytest.mark.parametrize("month_only", [False, True])
async def test_old_alarm(open_fusion_house: OpenFusionHouse, month_only: bool) -> None:
    """It is not gone because it is old; nor is it told once more."""
    house = await open_fusion_house(fixture="A")

    def refuse(payload: Any) -> Any:
        told = payload["params"]
        span = timedelta(milliseconds=told["endTime"] - told["beginTime"])
        if span <= timedelta(days=31):
            return payload
        return payload | {"success": False, "failCode": MONTH_ONLY, "data": None}

    if month_only:
        house.cloud.faults.add("getAlarmList", Fault.EDIT, edit=refuse)
    alarm = house.cloud.raise_alarm(FUSION, RESIDENTIAL)
    # It is a month old in an hour and a half.
    age = timedelta(days=30, hours=-1.5)
    house.cloud.plant(FUSION).alarms[:] = [replace(alarm, raised=alarm.raised - age)]
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert house.value("sensor", "alarms") == "1"
    told = house.value("event", "alarm")
    await house.pass_time(3 * ALARMS_INTERVAL)
    await house.reload()
    await house.pass_time(2 * ALARMS_INTERVAL)
    assert house.value("sensor", "alarms") == "1"
    assert house.value("event", "alarm") == told
    # The long time is not asked for again and again.
    assert house.cloud.requests.count("getAlarmList") <= 8 + month_only
    if not month_only:
        house.cloud.clear_alarms(FUSION)
        await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
        assert house.value("sensor", "alarms") == "0"


async def test_alarm_of_forty_days(open_fusion_house: OpenFusionHouse) -> None:
    """Who is set up anew is told of it too."""
    house = await open_fusion_house(fixture="A")
    alarm = house.cloud.raise_alarm(FUSION, RESIDENTIAL)
    old = replace(alarm, raised=alarm.raised - timedelta(days=40))
    house.cloud.plant(FUSION).alarms[:] = [old]
    await house.pass_time(ALARMS_INTERVAL + timedelta(minutes=3))
    assert house.value("sensor", "alarms") == "1"

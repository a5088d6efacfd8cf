"""The accelerated Home Assistant and the fake cloud live in the same time."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from .rig import RedbackRig, running_rig

CLOSE = timedelta(seconds=3)
"""A tenth of a real second and a little: an answer takes its time too."""
PERIOD = timedelta(seconds=75)
"""Of a cloud with a new reading each minute, which is published a little late."""


async def test_clocks_agree_and_timers_fire(
    socket_enabled: None, pycache: Path
) -> None:
    """The clocks of both go alike, and so do sleeps, timers and polls."""
    async with running_rig(pycache) as rig:
        await _clocks_agree(rig)
        await _timer_fires(rig)
        await _polls_keep_their_period(rig)


async def _clocks_agree(rig: RedbackRig) -> None:
    """Both `time.time` and `datetime.now`, as Home Assistant reads them."""
    before = rig.now
    state = await rig.api.post("/api/states/sensor.probe", {"state": "here"})
    assert before - CLOSE < datetime.fromisoformat(state["last_updated"]) < rig.now
    before = rig.now
    asked = await rig.act("force", action="hold", duration_min=5, dry_run=True)
    start = datetime.fromisoformat(asked["effective"]["start"])
    assert before - CLOSE < start < rig.now


async def _timer_fires(rig: RedbackRig) -> None:
    """A schedule starts at its time, without a call to the cloud."""
    start = (rig.now + timedelta(seconds=40)).replace(microsecond=0)
    answer = await rig.act(
        "create_schedule",
        action="charge",
        start=start.isoformat(),
        duration_min=5,
        power_w=1000,
    )
    assert answer["state"] == "confirmed"

    async def active() -> bool:
        states = await rig.api.get("/api/states")
        return any(
            state["entity_id"].endswith("_schedule_active") and state["state"] == "on"
            for state in states
            if state["entity_id"].startswith("binary_sensor.")
        )

    assert rig.now < start
    await rig.until("the schedule to start", 1.5, active)
    assert rig.now - start < 2 * CLOSE


async def _polls_keep_their_period(rig: RedbackRig) -> None:
    """Readings are asked for once a minute, or again soon when that was early."""
    begin = rig.now

    def polls() -> list[datetime]:
        entries = rig.cloud.requests.entries
        return [e.at for e in entries if e.label == "dynamic" and e.at > begin]

    async def over() -> bool:
        return rig.now - begin > timedelta(minutes=3)

    await rig.until("readings", 4, over)
    times = [begin, *polls(), rig.now]
    assert max(second - first for first, second in pairwise(times)) < PERIOD + CLOSE
    assert 3 <= len(polls()) <= 9

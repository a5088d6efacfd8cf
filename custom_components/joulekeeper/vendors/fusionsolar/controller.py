"""Schedules of a plant as forced charges and discharges (dossier 2.9 a).

The cloud begins one when it is told to and ends it by itself, so each is told at its
start, with the time that is left. Nothing else of what a plant can be set to ends
without us, and so nothing else is done on schedule.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ...core.capabilities import ActionSupport, Capabilities, Support
from ...core.errors import NotSupported, Rejected, TransientError
from ...core.flow import total
from ...core.loan import Loan, Sent
from ...core.models import Clock, EndpointId, Readings
from ...core.proof import Telemetry
from ...core.schedule import MINUTE, Action, Owner, Programme, ScheduleItem
from ...core.timeline import Segment
from ..base import VendorCall
from .board import PlantLive
from .codes import INTERFACE_NOT_GRANTED, NETWORKING, OWNER_NOT_GRANTED, POWER_REFUSED
from .control import MOST_MINUTES, Feature, dispatch_call, stop_call
from .dispatches import DispatchBook, DispatchCall, Dispatches, StopCall
from .endpoints import BATTERY_LIMITS, DISPATCHES, LIVE
from .entitlement import Entitlement
from .orders import Access
from .peaks import Peaks
from .phase import PERIOD
from .readings import Battery, BatteryProgramme
from .tasks import DISPATCH_POLL

ACTS_WITHIN: Final = timedelta(minutes=8)
"""An order takes a minute or more to the plant, whose values come each 5 minutes."""
CONFIRMS_WITHIN: Final = DISPATCH_POLL + timedelta(minutes=3)
"""States are refreshed each 3 minutes, and asked for somewhat later."""
_AT_ITS_START: Final = timedelta(seconds=1)
HIGHEST_FLOOR: Final = 20.0
"""Percent (dossier 2.9 c)."""
_AT_REST_W: Final = 50.0


def telemetry_of(live: PlantLive) -> Telemetry:
    """Return what a plant measured last, as the keeper wants it."""
    batteries = [item.battery for item in live.batteries.values()]
    battery_w, forced = live.flow.battery_w, _forced(batteries)
    mode: Action | None = None
    if forced is False:
        mode = Action.AUTO
    elif forced and battery_w is not None and abs(battery_w) > _AT_REST_W:
        mode = Action.DISCHARGE if battery_w > 0 else Action.CHARGE
    return Telemetry(
        time=live.measured_at,
        period=PERIOD,
        online=any(battery.connected is not False for battery in batteries),
        mode=mode,
        mode_word=next((str(b.programme) for b in batteries if b.programme), None)
        if mode is not None
        else None,
        forced=forced,
        battery_w=battery_w,
        grid_w=live.flow.grid_w,
        solar_w=live.flow.pv_w,
        state_of_charge=live.flow.state_of_charge,
        max_charge_w=total(battery.max_charge_w for battery in batteries),
        max_discharge_w=total(battery.max_discharge_w for battery in batteries),
    )


def _forced(batteries: list[Battery]) -> bool | None:
    """Tell whether somebody has forced a battery, None where none of them tells."""
    programmes = [battery.programme for battery in batteries if battery.programme]
    return BatteryProgramme.FORCED in programmes if programmes else None


@dataclass(frozen=True, slots=True)
class DispatchController:
    """Forced charges and discharges of one plant, one at a time."""

    device_id: str
    book: DispatchBook
    entitlement: Entitlement
    peaks: Peaks
    clock: Clock

    @property
    def read_back(self) -> EndpointId:
        """What was ordered, and how far it is."""
        return EndpointId(DISPATCHES.name, self.device_id)

    @property
    def evidence(self) -> EndpointId:
        """The real-time values."""
        return EndpointId(LIVE.name, self.device_id)

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what the account may do with the plant's battery."""
        del loan
        access = self.entitlement.of(self.device_id).of(Feature.DISPATCH)
        if access.granted is not True:
            return _read_only(access)
        most = self.peaks.of(self.device_id)
        no_setpoint = ActionSupport(Support.NONE, "battery_power_only")
        no_end = ActionSupport(Support.NONE, "nothing_ends_it")
        return Capabilities(
            actions={
                Action.CHARGE: _powered(most.charge_w, "battery_charge_limit"),
                Action.DISCHARGE: _powered(most.discharge_w, "battery_discharge_limit"),
                Action.IMPORT: no_setpoint,
                Action.EXPORT: no_setpoint,
                Action.HOLD: no_end,
                Action.NO_CHARGE: no_end,
                Action.IDLE: no_end,
                Action.LIMIT: no_end,
                Action.AUTO: ActionSupport(Support.NONE, "no_window_for_auto"),
            },
            lays_ahead=_AT_ITS_START,
            one_at_a_time=True,
            base_mode_reset=True,
            takes_notes=False,
            max_duration=MOST_MINUTES * MINUTE,
            acts_within=ACTS_WITHIN,
            confirms_within=CONFIRMS_WITHIN,
        )

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the plant measured last."""
        live = readings.get(LIVE, self.device_id)
        if live is None:
            return None
        measured = replace(
            telemetry_of(live), min_state_of_charge=self._floor(readings)
        )
        known = readings.get(DISPATCHES, self.device_id)
        runs = () if known is None else known.runs
        now, flow = self.clock(), measured.battery_w or 0.0
        for run in runs:
            against = flow > _AT_REST_W if run.charge else flow < -_AT_REST_W
            if run.may_run(now) and measured.mode is Action.AUTO and not against:
                # A dispatch does not change the working mode, which may be all that is
                # told: only power tells whether it runs.
                return replace(measured, mode=None, mode_word=None)
        return measured

    def _floor(self, readings: Readings) -> float:
        """Return at how much charge discharging may end, percent.

        The cloud tells it only of what we have set; else it is the most that it can be.
        """
        setting = readings.get(BATTERY_LIMITS, self.device_id)
        limits = None if setting is None else setting.value
        if limits is None or limits.min_soc is None:
            return HIGHEST_FLOOR
        return limits.min_soc

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return what the cloud tells that it does or has done, of what was ordered.

        What is not in the book any more, for its file was lost, goes on to its end.
        """
        known = readings.get(DISPATCHES, self.device_id)
        if known is None:
            return None
        now = self.clock()
        ids = {run.id for run in known.runs}
        lost = (
            _item(vendor_id, segment)
            for vendor_id, segment in (*sent.live.items(), *sent.restoring.items())
            if vendor_id not in ids and segment.start <= now < segment.end
        )
        return Programme(items=(*known.items(now), *lost))

    def create_call(self, segment: Segment) -> VendorCall:
        """Return the call that begins a segment, now or at its start."""
        begins = max(segment.start, self.clock())
        minutes = round((segment.end - begins) / MINUTE)
        call = dispatch_call(
            self.device_id,
            charge=segment.action is Action.CHARGE,
            power_w=segment.power_w or 0,
            minutes=min(max(1, minutes), MOST_MINUTES),
        )
        return DispatchCall(
            call.label, call.method, call.path, call.body, segment=segment
        )

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that ends what runs; there is no other one."""
        call = stop_call(self.device_id)
        return StopCall(
            call.label, call.method, call.path, call.body, run_id=item.vendor_id
        )

    def check_replaceable(self) -> None:
        """Raise `RateLimited` where what runs could be ended, but not replaced."""
        self.book.check_replaceable()

    async def send(self, call: VendorCall) -> str | None:
        """Make a call; where it shows that control is not granted, that is known."""
        try:
            if isinstance(call, DispatchCall):
                return await self.book.send(call)
            if isinstance(call, StopCall):
                await self.book.stop(call)
        except Rejected as error:
            if error.reason == POWER_REFUSED and self.peaks.lower(self.device_id):
                # It is fitted to what the battery can do now, and sent again.
                raise TransientError(str(error), reason=error.reason) from error
            raise
        except NotSupported as error:
            await self.entitlement.refused(
                self.device_id, Feature.DISPATCH, error.reason
            )
            raise
        return None

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return what was ordered in the last days, too."""
        del sent
        known: Dispatches = await self.book.fetch(self.device_id)
        now = self.clock()
        return Programme(items=tuple(run.item(run.history(now)) for run in known.runs))

    async def reset_base_mode(self) -> None:
        """End what is forced, whoever began it; the working mode is its owner's."""
        await self.book.end_all(stop_call(self.device_id))


def _read_only(access: Access) -> Capabilities:
    """Return that nothing can be done on schedule, and why."""
    if access.granted is None:
        return Capabilities(unsupported_reason="not_known_yet", has_plan=False)
    if access.reason == INTERFACE_NOT_GRANTED:
        return Capabilities(unsupported_reason="control_not_granted", has_plan=False)
    if access.reason in (OWNER_NOT_GRANTED, "plant_not_granted"):
        return Capabilities(unsupported_reason="owner_has_not_agreed", has_plan=False)
    if access.reason == NETWORKING:
        return Capabilities(unsupported_reason="several_controllers", has_plan=False)
    if access.reason == "no_battery":
        return Capabilities(unsupported_reason="no_battery", has_plan=False)
    return Capabilities(unsupported_reason="control_refused", has_plan=False)


def _powered(limit_w: float | None, name: str) -> ActionSupport:
    return ActionSupport(
        Support.NATIVE, None, None if limit_w is None else int(limit_w), name
    )


def _item(vendor_id: str | None, segment: Segment) -> ScheduleItem:
    return ScheduleItem(
        vendor_id=vendor_id,
        action=segment.action,
        vendor_mode="",
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        owner=Owner.OWN,
        rule_id=segment.rule_id,
        source=segment.source,
    )

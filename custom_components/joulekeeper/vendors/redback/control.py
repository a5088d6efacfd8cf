"""Controllers: an inverter takes schedules, a site takes operating envelopes."""

from dataclasses import dataclass

from ...core.capabilities import Capabilities
from ...core.errors import NotSupported
from ...core.loan import Loan, Sent
from ...core.models import EndpointId, Readings
from ...core.proof import Telemetry
from ...core.schedule import Programme, ScheduleItem
from ...core.timeline import Segment
from ..base import VendorCall
from .client import RedbackClient
from .endpoints import (
    CONFIGURATION,
    DYNAMIC,
    ENVELOPES,
    SCHEDULES,
    STATIC,
    TELEMETRY_PERIOD,
)
from .models import has_battery
from .portal import Portal
from .schedule import (
    action_of,
    delete_envelope_call,
    delete_schedule_call,
    envelope_call,
    inverter_capabilities,
    is_forced,
    schedule_call,
    site_capabilities,
)


def _telemetry(serial: str, readings: Readings) -> Telemetry | None:
    """Return what an inverter measured last, with the limits that are in force."""
    measured = readings.get(DYNAMIC, serial)
    if measured is None:
        return None
    configuration = readings.get(CONFIGURATION, serial)
    limits = configuration.limits if configuration else None
    return Telemetry(
        time=measured.timestamp,
        period=TELEMETRY_PERIOD,
        online=measured.status != "offline",
        mode=action_of(measured.mode),
        mode_word=measured.mode,
        forced=is_forced(measured.mode),
        battery_w=measured.battery_power_w,
        grid_w=measured.grid_power_w,
        solar_w=measured.pv_power_w,
        state_of_charge=measured.state_of_charge,
        min_state_of_charge=configuration.min_soc if configuration else None,
        max_export_w=limits.max_export_w if limits else None,
        max_charge_w=limits.max_charge_w if limits else None,
        max_discharge_w=limits.max_discharge_w if limits else None,
    )


@dataclass(frozen=True, slots=True)
class InverterController:
    """Schedules of one inverter; the vendor ends each of them by itself."""

    device_id: str
    client: RedbackClient
    portal: Portal | None
    software_version: str | None

    @property
    def read_back(self) -> EndpointId:
        """The list of schedules."""
        return EndpointId(SCHEDULES.name, self.device_id)

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what the inverter can express, by its model, battery and limits."""
        del loan
        static = readings.get(STATIC, self.device_id)
        return inverter_capabilities(
            static,
            readings.get(CONFIGURATION, self.device_id),
            battery=has_battery(static, readings.get(DYNAMIC, self.device_id)),
            portal=self.portal is not None,
            zone=self._zone(readings),
        )

    @property
    def evidence(self) -> EndpointId:
        """The telemetry."""
        return EndpointId(DYNAMIC.name, self.device_id)

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the inverter measured last."""
        return _telemetry(self.device_id, readings)

    def _zone(self, readings: Readings) -> str | None:
        """Return the site's time zone, which only recurring windows tell."""
        programme = readings.get(SCHEDULES, self.device_id) or Programme()
        zones = (str(window.zone) for window in programme.recurring)
        return next(zones, None)

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return the schedules that the cloud listed last."""
        del sent
        return readings.get(SCHEDULES, self.device_id)

    def create_call(self, segment: Segment) -> VendorCall:
        """Return the call that creates a schedule."""
        return schedule_call(self.device_id, segment)

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes a schedule."""
        return delete_schedule_call(self.device_id, item)

    async def send(self, call: VendorCall) -> str | None:
        """Make a call."""
        return await self.client.send(call)

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return the schedules with those of the past that the cloud still has."""
        del sent
        return await self.client.schedules(self.device_id, with_past=True)

    async def reset_base_mode(self) -> None:
        """Set the mode outside schedules to auto, through the portal."""
        if self.portal is None:
            raise NotSupported("no portal account")
        await self.portal.set_auto(self.device_id, self.software_version)


@dataclass(frozen=True, slots=True)
class SiteController:
    """Operating envelopes of one site.

    With several inverters nobody knows which share of the power each one measures, so
    only a single one is `serial`, whose telemetry is the site's.
    """

    device_id: str
    client: RedbackClient
    serial: str | None = None

    @property
    def read_back(self) -> EndpointId:
        """The list of envelopes."""
        return EndpointId(ENVELOPES.name, self.device_id)

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what every site can express."""
        del readings, loan
        return site_capabilities()

    @property
    def evidence(self) -> EndpointId | None:
        """The telemetry of the only inverter."""
        return EndpointId(DYNAMIC.name, self.serial) if self.serial else None

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the only inverter measured last."""
        return _telemetry(self.serial, readings) if self.serial else None

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return the envelopes that the cloud listed last."""
        del sent
        return readings.get(ENVELOPES, self.device_id)

    def create_call(self, segment: Segment) -> VendorCall:
        """Return the call that creates an envelope."""
        return envelope_call(self.device_id, segment)

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes an envelope."""
        return delete_envelope_call(item)

    async def send(self, call: VendorCall) -> str | None:
        """Make a call."""
        return await self.client.send(call)

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return the envelopes with those of the last seven days."""
        del sent
        return await self.client.envelopes(self.device_id, with_past=True)

    async def reset_base_mode(self) -> None:
        """Refuse: a site has no mode."""
        raise NotSupported("a site has no mode")

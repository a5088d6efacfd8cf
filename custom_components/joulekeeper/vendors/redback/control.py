"""Controllers: an inverter takes schedules, a site takes operating envelopes."""

from dataclasses import dataclass

from ...core.capabilities import Capabilities
from ...core.errors import NotSupported
from ...core.models import EndpointId, Readings
from ...core.schedule import Programme, Rule, ScheduleItem
from ..base import VendorCall
from .client import RedbackClient
from .endpoints import CONFIGURATION, DYNAMIC, ENVELOPES, SCHEDULES, STATIC
from .models import has_battery
from .portal import Portal
from .schedule import (
    delete_envelope_call,
    delete_schedule_call,
    envelope_call,
    inverter_capabilities,
    schedule_call,
    site_capabilities,
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

    def capabilities(self, readings: Readings) -> Capabilities:
        """Return what the inverter can express, by its model, battery and limits."""
        static = readings.get(STATIC, self.device_id)
        return inverter_capabilities(
            static,
            readings.get(CONFIGURATION, self.device_id),
            battery=has_battery(static, readings.get(DYNAMIC, self.device_id)),
            portal=self.portal is not None,
        )

    def programme(self, readings: Readings) -> Programme | None:
        """Return the schedules that the cloud listed last."""
        return readings.get(SCHEDULES, self.device_id)

    def create_call(self, rule: Rule) -> VendorCall:
        """Return the call that creates a schedule."""
        return schedule_call(self.device_id, rule)

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes a schedule."""
        return delete_schedule_call(self.device_id, item)

    async def send(self, call: VendorCall) -> str | None:
        """Make a call."""
        return await self.client.send(call)

    async def fetch_past(self) -> Programme:
        """Return the schedules with those of the past that the cloud still has."""
        return await self.client.schedules(self.device_id, with_past=True)

    async def reset_base_mode(self) -> None:
        """Set the mode outside schedules to auto, through the portal."""
        if self.portal is None:
            raise NotSupported("no portal account")
        await self.portal.set_auto(self.device_id, self.software_version)


@dataclass(frozen=True, slots=True)
class SiteController:
    """Operating envelopes of one site."""

    device_id: str
    client: RedbackClient

    @property
    def read_back(self) -> EndpointId:
        """The list of envelopes."""
        return EndpointId(ENVELOPES.name, self.device_id)

    def capabilities(self, readings: Readings) -> Capabilities:
        """Return what every site can express."""
        del readings
        return site_capabilities()

    def programme(self, readings: Readings) -> Programme | None:
        """Return the envelopes that the cloud listed last."""
        return readings.get(ENVELOPES, self.device_id)

    def create_call(self, rule: Rule) -> VendorCall:
        """Return the call that creates an envelope."""
        return envelope_call(self.device_id, rule)

    def delete_call(self, item: ScheduleItem) -> VendorCall:
        """Return the call that deletes an envelope."""
        return delete_envelope_call(item)

    async def send(self, call: VendorCall) -> str | None:
        """Make a call."""
        return await self.client.send(call)

    async def fetch_past(self) -> Programme:
        """Return the envelopes with those of the last seven days."""
        return await self.client.envelopes(self.device_id, with_past=True)

    async def reset_base_mode(self) -> None:
        """Refuse: a site has no mode."""
        raise NotSupported("a site has no mode")

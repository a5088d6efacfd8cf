"""What is so in the houses, and what owners, the app and magic do to them."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..clock import Clock
from ..house import Energy
from ..server import FakeCloud
from .behaviour import Behaviour
from .fixtures import FIXTURES
from .household import Totals
from .inverter import Inverter
from .param_api import merged
from .scene import scene
from .settings import Delays
from .site import Site
from .specs import SiteSpec


class Truth(NamedTuple):
    """What a house does in this minute. W; battery + charging, grid + import; SoC %."""

    battery_w: float
    solar_w: float
    output_w: float
    load_w: float
    grid_w: float
    grid_charge_w: float
    soc: float


def _energy(totals: Totals) -> Energy:
    return Energy(
        totals.solar,
        totals.imported,
        totals.exported,
        totals.load,
        totals.charged,
        totals.discharged,
    )


class Hands(FakeCloud):
    """The systems of a cloud, for whoever stands beside it."""

    def __init__(self, *, clock: Clock, latency: float, behaviour: Behaviour) -> None:
        """Start without any system."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour
        self.sites: dict[str, Site] = {}
        self.inverters: dict[str, Inverter] = {}

    def site(self, serial: str) -> Site:
        """Return a system, lived up to now; a fixture's name will do."""
        spec = FIXTURES.get(serial)
        site = self.sites[spec.site_id if isinstance(spec, SiteSpec) else serial]
        site.advance(self.clock())
        return site

    def inverter(self, serial: str) -> Inverter:
        """Return an inverter that stands alone, lived up to now."""
        inverter = self.inverters[serial]
        inverter.advance(self.clock())
        return inverter

    # -- public: what is so --------------------------------------------------------

    def truth(self, serial: str) -> Truth:
        """Return what the house of a system does now."""
        site = self.site(serial)
        moment = site.moment(self.clock())
        flow, banks = moment.flow, site.spec.banks
        count = max(1, len(banks))
        soc = sum(site.household.soc(n) for n in range(len(banks))) / count
        return Truth(
            flow.battery_w,
            flow.pv_w,
            flow.output_w,
            flow.load_w,
            flow.grid_w,
            flow.grid_charge_w,
            soc * 100,
        )

    def shown(self, serial: str) -> dict[str, Any]:
        """Return the overview of a system as it is told now."""
        return scene(self.site(serial), self.behaviour, self.clock())

    def next_publication(self, serial: str) -> datetime:
        """Return when the cloud shows the next report of a system."""
        return self.site(serial).next_publication(self.clock())

    def param(self, serial: str, kind: str) -> Any:
        """Return a copy of a parameter as it was written last."""
        return deepcopy(self.site(serial).params[kind].newest)

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return the schedule of a system as the vendor holds it."""
        if serial in self.inverters:
            self.inverter(serial)
            return []
        site = self.site(serial)
        kind = "4" if site.is_first else "6"
        return [self.param(serial, kind)] if kind in site.params else []

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters in kWh) for start <= hour <= end."""
        hour = timedelta(hours=1)
        if serial in self.inverters:
            inverter = self.inverter(serial)
            first = inverter.begin
        else:
            site = self.site(serial)
            first = site.begin
        time = max(start, first).replace(minute=0, second=0, microsecond=0)
        if time < max(start, first):
            time += hour
        found = []
        while time <= min(end, self.clock()):
            if serial in self.inverters:
                found.append((time, Energy(pv=inverter.counted_kwh(time))))
            else:
                found.append((time, _energy(site.at(time).totals)))
            time += hour
        return found

    # -- public: magic ---------------------------------------------------------------

    def force_soc(self, serial: str, percent: float) -> None:
        """Fill or empty the batteries of a system, from its next minute on."""
        household = self.site(serial).household
        household.stored_wh = [
            bank.capacity_wh * percent / 100 for bank in household.banks
        ]

    def set_sun(self, serial: str, share: float | None) -> None:
        """Let the panels give that share (0..1) of their peak; None: as the sky is."""
        place = self.inverters.get(serial) or self.site(serial).household
        place.sources.sky = share

    def set_load(self, serial: str, watts: float | None) -> None:
        """Let the house use so much; None: as its people do."""
        self.site(serial).household.sources.fixed_load_w = watts

    def change(self, **switches: Any) -> None:
        """Change switches of the behaviour from now on, not back in time."""
        for site in self.sites.values():
            site.advance(self.clock())
        for name, value in switches.items():
            if not hasattr(self.behaviour, name):
                raise AttributeError(name)
            setattr(self.behaviour, name, value)

    # -- public: what owners do in the app ---------------------------------------------

    def app_sets(self, serial: str, kind: str, given: dict[str, Any]) -> None:
        """Write a parameter in the app, which is read back at once."""
        site = self.site(serial)
        value = merged(site, kind, given)
        delays = self._app_delays(site)
        site.write(kind, value, self.clock(), delays, program=False)

    def app_sets_profile(self, serial: str, ranges: list[dict[str, Any]]) -> None:
        """Edit the day profile of a Solarbank 1 in the app."""
        self.app_sets(serial, "4", {"ranges": ranges})

    def app_sets_plan(self, serial: str, **parts: Any) -> None:
        """Edit parts of the rate plan of a later Solarbank in the app."""
        self.app_sets(serial, "6", parts)

    def app_sets_mode(self, serial: str, mode: int) -> None:
        """Choose a usage mode in the app."""
        self.app_sets(serial, "6", {"mode_type": mode})

    def app_sets_cutoff(self, serial: str, device: str, number: int) -> None:
        """Choose the reserve of a bank in the app, 1 is 10 % and 2 is 5 %."""
        site = self.site(serial)
        delays = self._app_delays(site)
        site.cutoff[device].write({"id": number}, self.clock(), delays)

    @staticmethod
    def _app_delays(site: Site) -> Delays:
        return site.delays._replace(stored=0.0)

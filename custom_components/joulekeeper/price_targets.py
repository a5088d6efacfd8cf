"""From the data of an action to sites, regions and days that a cloud can be asked for.

Whatever makes no sense is a ServiceValidationError, before anything is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.usage import DAY
from .price_data import Per
from .runtime import JoulekeeperConfigEntry, RuntimeData, loaded_accounts
from .service_data import device_of, name_of
from .vendors.extras import Archive, HasArchive

ATTR_END_DATE: Final = "end_date"
ATTR_PER: Final = "per"
ATTR_REGION: Final = "region"
ATTR_RESOLUTION: Final = "resolution"
ATTR_START_DATE: Final = "start_date"

_MOST_PRICE_DAYS: Final = 31
_MOST_USAGE_DAYS: Final = {Per.INTERVAL: 31, Per.HOUR: 92, Per.DAY: 92}
_AHEAD: Final = 2 * DAY
"""Nobody foretells prices any further."""
_STEPS: Final = (5, 10, 15, 20, 30, 60)

type _Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A device that an action is for, by the registry, and who can be asked about it.

    `id` is how its account's cloud knows it. Without an archive, nobody can be asked.
    """

    device_id: str
    name: str
    id: str
    entry: JoulekeeperConfigEntry
    runtime: RuntimeData
    archive: Archive | None

    @classmethod
    def of(cls, hass: HomeAssistant, device_id: str) -> Asked:
        """Return a device of a loaded account."""
        identifier, entry = device_of(hass, device_id)
        device = entry.runtime_data.account.device(identifier)
        session = entry.runtime_data.account.session
        return cls(
            device_id=device_id,
            name=name_of(hass, device_id),
            id=identifier if device is None else device.source_id,
            entry=entry,
            runtime=entry.runtime_data,
            archive=session.archive if isinstance(session, HasArchive) else None,
        )


@dataclass(frozen=True, slots=True)
class Site:
    """A site with prices and usage that an action is for."""

    asked: Asked
    archive: Archive

    @property
    def id(self) -> str:
        """How its account's cloud knows it."""
        return self.asked.id

    @property
    def today(self) -> date:
        """The market's day."""
        return dt_util.utcnow().astimezone(self.archive.zone).date()

    def check_loaded(self) -> None:
        """Raise ServiceValidationError when the account is gone, or loaded anew."""
        entry = self.asked.entry
        if (
            entry.state is not ConfigEntryState.LOADED
            or entry.runtime_data is not self.asked.runtime
        ):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="account_not_loaded"
            )


def sites_of(call: ServiceCall) -> list[Site]:
    """Return the sites of devices, each once; a part of a site stands for it."""
    sites: dict[str, Site] = {}
    for device_id in call.data[ATTR_DEVICE_ID]:
        asked = Asked.of(call.hass, device_id)
        if asked.archive is None or not asked.archive.knows(asked.id):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="prices_unknown",
                translation_placeholders={"device": asked.name},
            )
        sites.setdefault(asked.id, Site(asked, asked.archive))
    return list(sites.values())


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the grid, who can be asked about it, and the device that is in it."""

    name: str
    entry: JoulekeeperConfigEntry
    archive: Archive
    device_id: str | None = None


def regions_of(call: ServiceCall) -> list[Region]:
    """Return the regions of devices, or the one that is named, each once."""
    device_ids = call.data.get(ATTR_DEVICE_ID, ())
    if bool(device_ids) == (ATTR_REGION in call.data):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="renewables_where"
        )
    if not device_ids:
        return [_named(call.hass, call.data[ATTR_REGION].strip())]
    found: dict[str, Region] = {}
    for device_id in device_ids:
        asked = Asked.of(call.hass, device_id)
        name = None if asked.archive is None else asked.archive.region(asked.id)
        if asked.archive is None or name is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="renewables_region_unclear",
                translation_placeholders={"device": asked.name},
            )
        found.setdefault(name, Region(name, asked.entry, asked.archive, device_id))
    return list(found.values())


def _named(hass: HomeAssistant, given: str) -> Region:
    """Return a region by its name, at whichever account can be asked about it."""
    known: dict[str, Region] = {}
    for entry in loaded_accounts(hass):
        session = entry.runtime_data.account.session
        if isinstance(session, HasArchive):
            for name in session.archive.regions:
                region = Region(name, entry, session.archive)
                known.setdefault(name.casefold(), region)
    if not known:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="renewables_no_account"
        )
    if (found := known.get(given.casefold())) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="renewables_region_unknown",
            translation_placeholders={
                "region": given,
                "regions": ", ".join(item.name for item in known.values()),
            },
        )
    return found


def step_of(data: _Data) -> timedelta | None:
    """Return the resolution that is asked for, None where none is."""
    minutes = data.get(ATTR_RESOLUTION)
    if minutes is None:
        return None
    if minutes not in _STEPS:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="resolution_unknown",
            translation_placeholders={
                "resolution": str(minutes),
                "resolutions": ", ".join(map(str, _STEPS)),
            },
        )
    return timedelta(minutes=minutes)


def price_days(data: _Data, today: date) -> tuple[date, date]:
    """Return the first and the last day of prices, by default today."""
    first: date = data.get(ATTR_START_DATE, min(today, data.get(ATTR_END_DATE, today)))
    last: date = data.get(ATTR_END_DATE, max(today, first))
    return _checked(first, last, today + _AHEAD, _MOST_PRICE_DAYS)


def usage_days(data: _Data, today: date) -> tuple[date, date]:
    """Return the first and the last day of usage; none is to come."""
    most = _MOST_USAGE_DAYS[data[ATTR_PER]]
    return _checked(data[ATTR_START_DATE], data[ATTR_END_DATE], today, most)


def _checked(first: date, last: date, latest: date, most: int) -> tuple[date, date]:
    if first > last:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="days_reversed"
        )
    if last > latest:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="days_too_late",
            translation_placeholders={"latest": latest.isoformat()},
        )
    if (last - first).days >= most:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="days_too_many",
            translation_placeholders={"days": str(most)},
        )
    return first, last

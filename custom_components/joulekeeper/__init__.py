"""Joulekeeper: reads a home's energy clouds and keeps battery schedules."""

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .account import LoadedAccount
from .brands import async_vendor
from .claims import async_offer
from .connection import async_connection, token_store
from .const import CONF_CREDENTIALS, CONF_VENDOR, DOMAIN, PLATFORMS, PUSH_PLATFORMS
from .controls import Controls
from .entity import async_all_added
from .history_import import HistoryImport, history_store
from .issues import async_delete_entry_issues
from .journal import Journal, async_remove_journal
from .journal_issues import async_create_unreadable_issues
from .keeper import Keeper
from .push import async_setup_push, pusher_of
from .push_totals import async_remove_totals
from .removal import async_delete_own_schedules
from .runtime import JoulekeeperConfigEntry, RuntimeData
from .services import async_setup_services
from .vendors import PUSH_TARGETS
from .vendors.extras import Closable
from .watch import Watcher

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, so that automations validate while an entry is down."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: JoulekeeperConfigEntry) -> bool:
    """Connect an account and show what it has."""
    async_delete_entry_issues(hass, entry)
    if entry.data[CONF_VENDOR] in PUSH_TARGETS:
        return await _async_setup_push_entry(hass, entry)
    spec = await async_vendor(hass, entry.data[CONF_VENDOR])
    connection = await async_connection(hass, entry.data[CONF_CREDENTIALS], entry)
    session = spec.connect(connection)
    if isinstance(session, Closable):
        entry.async_on_unload(session.close)
    account = LoadedAccount(hass, entry, spec, session)
    await account.async_start()
    journal = Journal(hass, entry.entry_id)
    await journal.load()
    # The last thing to happen: an instance that is gone writes nothing any more.
    entry.async_on_unload(journal.close)
    async_create_unreadable_issues(hass, entry, account, journal)
    controls = Controls(entry, account, journal)
    controls.async_start()
    keeper = Keeper(hass, entry, controls, journal, spec.writes)
    Watcher(hass, entry, account, keeper).async_start()
    history = HistoryImport(hass, entry, account)
    await history.async_start()
    entry.runtime_data = RuntimeData(account, keeper, history)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_all_added(hass)
    return True


async def _async_setup_push_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Begin to tell a target what flows; its source may come up later."""
    pusher = entry.runtime_data = await async_setup_push(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PUSH_PLATFORMS)
    pusher.async_start()
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: JoulekeeperConfigEntry
) -> bool:
    """Let an account go, once its writes are done; its coordinators end with it."""
    if pusher_of(entry) is not None:
        return await hass.config_entries.async_unload_platforms(entry, PUSH_PLATFORMS)
    await entry.runtime_data.keeper.controls.async_close()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(
    hass: HomeAssistant, entry: JoulekeeperConfigEntry
) -> None:
    """Take back what is ours in the cloud; forget the tokens, journal and log."""
    async_delete_entry_issues(hass, entry)
    if entry.data[CONF_VENDOR] in PUSH_TARGETS:
        await async_remove_totals(hass, entry.entry_id)
        return
    await async_delete_own_schedules(hass, entry)
    await token_store(hass, entry.entry_id).async_remove()
    await async_remove_journal(hass, entry.entry_id)
    await history_store(hass, entry.entry_id).async_remove()
    async_offer(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: JoulekeeperConfigEntry, device: AnyDeviceEntry
) -> bool:
    """Allow to remove a device that the account, while loaded, no longer has."""
    if entry.state is not ConfigEntryState.LOADED or pusher_of(entry) is not None:
        return False
    present = {(DOMAIN, item.id) for item in entry.runtime_data.account.devices}
    return present.isdisjoint(device.identifiers)

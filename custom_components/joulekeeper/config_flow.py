"""Adding an account, renewing its credentials, changing its options.

One step serves every vendor: its fields come from the vendor's spec.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, override

import probatio

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)

from .access import form_error
from .account_forms import (
    CONF_ACCEPT_TERMS,
    SECTION_ADVANCED,
    as_kept,
    credentials_schema,
    flat,
    form_default,
    is_address,
    option_selector,
)
from .brands import async_vendor
from .connection import async_connection, hand_over, systems_in_use, systems_of
from .const import (
    CONF_CREDENTIALS,
    CONF_DELETE_ON_REMOVAL,
    CONF_MAX_FORCE_HOURS,
    CONF_SYSTEMS,
    CONF_VENDOR,
    DEFAULT_MAX_FORCE_HOURS,
    DOMAIN,
)
from .core.errors import VendorError
from .push_flow import PushFlow, PushOptionsFlow
from .runtime import JoulekeeperConfigEntry, account_of
from .system_choice import choice_schema, names_of
from .vendors import PUSH_TARGETS, VENDORS
from .vendors.base import (
    CONF_BASE_URL,
    NO_WRITES,
    Account,
    Connection,
    CredentialField,
    VendorSpec,
)
from .vendors.extras import HasOptions

_ADDRESS: Final = CredentialField(CONF_BASE_URL, section=SECTION_ADVANCED)


class JoulekeeperConfigFlow(PushFlow, domain=DOMAIN):
    """Vendor, credentials, entry; reauth and reconfigure share the credentials."""

    VERSION = 1

    _spec: VendorSpec
    _account: Account
    _connection: Connection
    """By which the account was tried last."""
    _about = ""
    """What an error of the form is about, in words."""
    _kept: dict[str, str] | None = None
    """What is kept where a secret is left empty: saved, or given in this flow."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(
        config_entry: JoulekeeperConfigEntry,
    ) -> OptionsFlowWithReload:
        """Return the options flow."""
        if config_entry.data[CONF_VENDOR] in PUSH_TARGETS:
            return PushOptionsFlow()
        return JoulekeeperOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the brand."""
        if user_input is not None:
            if (vendor := user_input[CONF_VENDOR]) in PUSH_TARGETS:
                return await self.async_begin_push(vendor)
            self._spec = await async_vendor(self.hass, vendor)
            return await self.async_step_credentials()
        brands = [
            SelectOptionDict(value=key, label=name)
            for key, name in (VENDORS | PUSH_TARGETS).items()
        ]
        selector = SelectSelector(SelectSelectorConfig(options=brands))
        return self.async_show_form(
            step_id="user",
            data_schema=probatio.Schema({probatio.Required(CONF_VENDOR): selector}),
        )

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask for credentials that the cloud accepts."""
        if (vendor := entry_data[CONF_VENDOR]) in PUSH_TARGETS:
            return await self.async_begin_push(vendor)
        self._spec = await async_vendor(self.hass, vendor)
        return await self.async_step_credentials()

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the credentials of an account."""
        entry = self._get_reconfigure_entry()
        if _is_paused(entry):
            return self.async_abort(reason="account_paused")
        vendor = entry.data[CONF_VENDOR]
        if vendor in PUSH_TARGETS:
            return await self.async_begin_push(vendor)
        self._spec = await async_vendor(self.hass, vendor)
        return await self.async_step_credentials()

    async def async_step_credentials(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the vendor's credentials and try them before anything is kept."""
        known = self._kept
        if known is None:
            entry = self._entry
            known = {} if entry is None else dict(entry.data[CONF_CREDENTIALS])
        errors: dict[str, str] = {}
        shown = known
        # What was accepted when the account was added holds for all that follows.
        asks = self._spec.terms_url is not None and self._entry is None
        accepted = not asks
        if user_input is not None:
            accepted = accepted or user_input.get(CONF_ACCEPT_TERMS) is True
            given = flat(user_input)
            shown = known | given
            credentials = self._merge(known, given)
            if accepted:
                account, errors = await self._try(credentials)
                if account is not None:
                    self._account, self._kept = account, credentials
                    return await self._identified()
            else:
                errors[CONF_ACCEPT_TERMS] = "terms_not_accepted"
            self._kept = known = credentials
        return self.async_show_form(
            step_id="credentials",
            data_schema=credentials_schema(
                self._fields,
                shown,
                known.keys(),
                errors,
                country=self.hass.config.country,
                terms=accepted if asks else None,
            ),
            errors=errors,
            description_placeholders={
                "vendor": self._spec.name,
                "about": self._about,
                "terms_url": self._spec.terms_url or "",
            },
        )

    async def _identified(self) -> ConfigFlowResult:
        """Go on with an account that is new, or that of the entry."""
        account, entry = self._account, self._entry
        unique_id = f"{self._spec.key}_{account.id}"
        await self.async_set_unique_id(unique_id)
        if entry is None or unique_id != entry.unique_id:
            self._abort_if_unique_id_configured()
        if (
            entry is not None
            and unique_id != entry.unique_id
            and account.systems.isdisjoint(systems_of(entry))
        ):
            return self.async_abort(reason="wrong_account")
        return await self.async_step_systems()

    async def async_step_systems(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which systems of the account are wanted, where there is a choice."""
        account, credentials = self._account, self._kept or {}
        entry = self._entry
        before = frozenset(entry.data[CONF_SYSTEMS]) if entry else None
        # One that is not listed just now may come back.
        free = (account.systems | (before or set())) - self._systems_of_others()
        if self._spec.picks and before and self.source == SOURCE_REAUTH:
            return await self._finish(replace(account, systems=before), credentials)
        if not self._spec.picks or len(free) < 2:
            return await self._finish(account, credentials)
        errors: dict[str, str] = {}
        if user_input is not None:
            if picked := frozenset(user_input[CONF_SYSTEMS]) & free:
                return await self._finish(replace(account, systems=picked), credentials)
            errors = {"base": "no_system_picked"}
        return self.async_show_form(
            step_id="systems",
            data_schema=choice_schema(
                free,
                {**names_of(self.hass, entry), **account.names},
                None if before is None else free & before,
            ),
            errors=errors,
            description_placeholders={"vendor": self._spec.name},
        )

    def _systems_of_others(self) -> frozenset[str]:
        """Return the systems that are in other entries."""
        entry = self._entry
        return systems_in_use(
            self.hass,
            self._spec.key,
            except_entry=None if entry is None else entry.entry_id,
        )

    @property
    def _fields(self) -> tuple[CredentialField, ...]:
        return (*self._spec.fields, _ADDRESS)

    @property
    def _entry(self) -> JoulekeeperConfigEntry | None:
        """The entry whose credentials are renewed, None for a new one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    def _merge(self, known: dict[str, str], given: dict[str, str]) -> dict[str, str]:
        """Return the credentials to try.

        A secret that is left empty stays what it was; any other field that is left
        empty is removed, and with it all of its section.
        """
        cleared = {
            field.section
            for field in self._fields
            if field.section and not field.secret and not given.get(field.key)
        }
        merged: dict[str, str] = {}
        for field in self._fields:
            value = given.get(field.key) or (
                known.get(field.key) if field.secret else ""
            )
            if value and field.section not in cleared:
                merged[field.key] = value
        return merged

    def _half_given(self, credentials: Mapping[str, str]) -> frozenset[str]:
        """Return the optional sections that lack a field."""
        given = {field.section for field in self._fields if field.key in credentials}
        return frozenset(
            field.section
            for field in self._fields
            if field.section and field.section in given and field.key not in credentials
        )

    async def _try(
        self, credentials: dict[str, str]
    ) -> tuple[Account | None, dict[str, str]]:
        """Return the account, or the errors to show."""
        if (address := credentials.get(CONF_BASE_URL)) is not None:
            if not is_address(address):
                return None, {"base": "invalid_address"}
            credentials[CONF_BASE_URL] = address.rstrip("/")
        connection = await async_connection(self.hass, credentials)
        try:
            account = await self._spec.validate(connection)
        except VendorError as error:
            self._about = error.about or ""
            return None, {"base": form_error(error)}
        refused = account.rejected_sections | self._half_given(credentials)
        if refused:
            return None, {"base": f"{min(refused)}_refused"}
        if not account.systems and not self._spec.binds:
            return None, {"base": "no_systems"}
        self._connection = connection
        return account, {}

    async def _finish(
        self, account: Account, credentials: dict[str, str]
    ) -> ConfigFlowResult:
        """Create the entry, or renew the one that the flow is about."""
        entry = self._entry
        others = self._systems_of_others()
        systems = account.systems
        if self._spec.picks:
            systems -= others
        if account.systems and (not systems or systems & others):
            return self.async_abort(reason="system_in_use")
        data = {
            CONF_VENDOR: self._spec.key,
            CONF_CREDENTIALS: credentials,
            CONF_SYSTEMS: sorted(systems),
        }
        if entry is None or self._spec.scarce_logins:
            hand_over(self.hass, self.unique_id or "", self._connection)
        if entry is not None:
            return self.async_update_reload_and_abort(
                entry, unique_id=self.unique_id, data=data
            )
        title = self._spec.name
        if account.title is not None:
            title = f"{title} ({account.title})"
        return self.async_create_entry(title=self.free_title(title), data=data)


class JoulekeeperOptionsFlow(OptionsFlowWithReload):
    """The switches of a vendor, and what holds for all schedules."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options that have an effect for the account.

        They take effect by a reload, which would end a pause.
        """
        entry = self.config_entry
        if _is_paused(entry):
            return self.async_abort(reason="account_paused")
        spec = await async_vendor(self.hass, entry.data[CONF_VENDOR])
        if user_input is not None:
            known = {option.key: option for option in spec.options}
            given = {
                key: as_kept(known[key], value) if key in known else value
                for key, value in user_input.items()
            }
            return self.async_create_entry(data={**entry.options, **given})
        credentials = entry.data[CONF_CREDENTIALS]
        wanted = None
        if entry.state is ConfigEntryState.LOADED and isinstance(
            session := entry.runtime_data.account.session, HasOptions
        ):
            wanted = session.option_keys()
        schema = probatio.Schema(
            {
                probatio.Required(
                    option.key,
                    default=entry.options.get(option.key, form_default(option)),
                ): option_selector(option)
                for option in spec.options
                if option.requires is None or option.requires in credentials
                if wanted is None or option.key in wanted
            }
            | ({} if spec.writes == NO_WRITES else self._of_schedules())
        )
        return self.async_show_form(step_id="init", data_schema=schema)

    def _of_schedules(self) -> dict[Any, Any]:
        """Return the part of the form that is about what we write."""
        entry = self.config_entry
        return {
            probatio.Required(
                CONF_MAX_FORCE_HOURS,
                default=entry.options.get(
                    CONF_MAX_FORCE_HOURS, DEFAULT_MAX_FORCE_HOURS
                ),
            ): NumberSelector(
                NumberSelectorConfig(
                    min=1, max=24, step=1, unit_of_measurement=UnitOfTime.HOURS
                )
            ),
            probatio.Required(
                CONF_DELETE_ON_REMOVAL,
                default=entry.options.get(CONF_DELETE_ON_REMOVAL, True),
            ): BooleanSelector(),
        }


def _is_paused(entry: JoulekeeperConfigEntry) -> bool:
    """Tell whether the user has switched off that the account's cloud is called."""
    return (
        entry.state is ConfigEntryState.LOADED
        and (runtime := account_of(entry)) is not None
        and runtime.account.pause.on
    )

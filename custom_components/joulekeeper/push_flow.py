"""Adding a push target, renewing its key, changing its source and its options.

The key is tried by a real push of what the source tells at present, for there is no
other way to try it.
"""

from collections.abc import Mapping
import logging
from typing import Any, Final

import probatio

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfTime
from homeassistant.core import State
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util

from .brands import async_push_target
from .connection import async_connection
from .const import CONF_CREDENTIALS, CONF_SYSTEMS, CONF_VENDOR
from .core.errors import AuthError, RateLimited, TransientError, VendorError
from .core.flow import FlowChoice
from .push import (
    CONF_MAX_AGE,
    CONF_PREFER_POWER_SENSOR,
    CONF_SOURCE,
    CONF_USE_BATTERY,
    CONF_USE_GRID_METER,
    CONF_USE_POWER_SENSOR,
    DEFAULT_MAX_AGE_MIN,
    attempt_of,
    choice_of,
    key_id,
    max_age_of,
    told_by,
)
from .push_feed import SENTENCES, Trouble
from .push_forms import entities_schema
from .push_picked import (
    CONF_ENTITIES,
    CONF_GRID,
    CONF_LOAD,
    CONF_SOLAR,
    ENERGIES,
    POWERS,
    SHARES,
    entities_of,
    is_unit_of,
)
from .push_sources import CONF_ENTRY, CONF_SITE, feed_of, sites_of
from .push_totals import CONF_BEGUN
from .vendors.base import CONF_BASE_URL
from .vendors.targets import PushSpec

_LOGGER = logging.getLogger(__name__)

_ADVANCED: Final = "advanced"
_KEY_REFUSED: Final = {"base": "push_key_refused"}


class PushFlow(ConfigFlow):
    """Key, source, entry; reauth asks for the key only."""

    _target: PushSpec
    _credentials: dict[str, str]
    _tried: Mapping[str, Any] | None = None
    """The source that was chosen last."""

    def free_title(self, name: str) -> str:
        """Return a brand's name, numbered from its second entry on."""
        titles = {entry.title for entry in self._async_current_entries()}
        title, number = name, 1
        while title in titles:
            number += 1
            title = f"{name} {number}"
        return title

    @property
    def _pushing_entry(self) -> ConfigEntry | None:
        """The entry that is changed, None for a new one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    async def async_begin_push(self, target: str) -> ConfigFlowResult:
        """Ask for the key of a target."""
        self._target = await async_push_target(self.hass, target)
        entry = self._pushing_entry
        self._credentials = {} if entry is None else dict(entry.data[CONF_CREDENTIALS])
        return await self.async_step_push_key()

    async def async_step_push_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the key; its form is checked before anything is sent."""
        errors: dict[str, str] = {}
        if user_input is not None:
            given = self._given(user_input)
            self._credentials = given
            errors = self._malformed(given)
            if not errors and self.source == SOURCE_REAUTH:
                source = self._get_reauth_entry().data[CONF_SOURCE]
                errors = await self._try_push(source)
                if not errors:
                    return await self._finish_push(source)
            elif not errors:
                if await self._is_in_use():
                    return self.async_abort(reason="already_configured")
                return await self.async_step_push_source()
        return self._key_form(errors)

    def _key_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="push_key",
            data_schema=self._key_schema(errors),
            errors=errors,
            description_placeholders={"target": self._target.name},
        )

    def _given(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Return the credentials; a key that is left empty stays what it was."""
        key = self._target.key_field
        address = user_input.get(_ADVANCED, {}).get(CONF_BASE_URL, "").strip()
        given = {key: user_input.get(key, "").strip() or self._credentials.get(key, "")}
        return given | ({CONF_BASE_URL: address.rstrip("/")} if address else {})

    def _malformed(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what is wrong with the form of the credentials."""
        if not self._target.well_formed(given[self._target.key_field]):
            return {"base": "key_malformed"}
        try:
            cv.url(given.get(CONF_BASE_URL, self._target.host))
        except probatio.Invalid:
            return {"base": "invalid_address"}
        return {}

    def _key_schema(self, errors: Mapping[str, str]) -> probatio.Schema:
        """Return the form; the key is never shown again, so it may be left empty."""
        key, known = self._target.key_field, self._credentials
        marker = probatio.Optional if known.get(key) else probatio.Required
        address = probatio.Optional(
            CONF_BASE_URL, description={"suggested_value": known.get(CONF_BASE_URL)}
        )
        advanced = section(
            probatio.Schema({address: TextSelector()}),
            {"collapsed": "invalid_address" not in errors.values()},
        )
        password = TextSelectorConfig(type=TextSelectorType.PASSWORD)
        return probatio.Schema(
            {
                marker(key): TextSelector(password),
                probatio.Optional(_ADVANCED): advanced,
            }
        )

    async def _is_in_use(self) -> bool:
        """Tell whether another entry has the key."""
        entry = self._pushing_entry
        unique_id = self._unique_id_of_key()
        if entry is None:
            await self.async_set_unique_id(unique_id)
        return any(
            other.unique_id == unique_id and other is not entry
            for other in self._async_current_entries()
        )

    def _unique_id_of_key(self) -> str:
        return f"{self._target.key}_{key_id(self._credentials, self._target)}"

    async def async_step_push_source(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what kind of source it is, where there is a choice."""
        if not sites_of(self.hass):
            return await self.async_step_push_entities()
        return self.async_show_menu(
            step_id="push_source",
            menu_options=["push_site", "push_entities"],
            description_placeholders={"target": self._target.name},
        )

    async def async_step_push_site(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a site of an account."""
        sites = {site.value: site for site in sites_of(self.hass)}
        errors: dict[str, str] = {}
        if user_input is not None:
            site = sites.get(user_input[CONF_SITE])
            if site is None:
                errors = {"base": "push_no_site"}
            else:
                source = {CONF_ENTRY: site.entry_id, CONF_SITE: site.site_id}
                result, errors = await self._take(source)
                if result is not None:
                    return result
        before = self._source_before
        usual = f"{before.get(CONF_ENTRY)} {before.get(CONF_SITE)}"
        selector = SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=value, label=site.name)
                    for value, site in sites.items()
                ]
            )
        )
        marker = probatio.Required(
            CONF_SITE, default=usual if usual in sites else next(iter(sites), "")
        )
        return self.async_show_form(
            step_id="push_site",
            data_schema=probatio.Schema({marker: selector}),
            errors=errors,
            description_placeholders={"target": self._target.name},
        )

    async def async_step_push_entities(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for entities."""
        errors: dict[str, str] = {}
        picked = self._source_before.get(CONF_ENTITIES, {})
        if user_input is not None:
            picked = {key: value for key, value in user_input.items() if value}
            errors = self._unfit(picked)
            if not errors:
                result, errors = await self._take({CONF_ENTITIES: picked})
                if result is not None:
                    return result
        return self.async_show_form(
            step_id="push_entities",
            data_schema=entities_schema(picked),
            errors=errors,
            description_placeholders={"target": self._target.name},
        )

    @property
    def _source_before(self) -> Mapping[str, Any]:
        """What was chosen before: in this flow, or for the entry that is changed."""
        if self._tried is not None:
            return self._tried
        entry = self._pushing_entry
        source: Mapping[str, Any] = {} if entry is None else entry.data[CONF_SOURCE]
        return source

    def _unfit(self, picked: Mapping[str, Any]) -> dict[str, str]:
        """Return which entities cannot be what they were picked for."""
        if not picked.get(CONF_SOLAR) and not (
            picked.get(CONF_GRID) and picked.get(CONF_LOAD)
        ):
            return {"base": "push_too_little"}
        errors: dict[str, str] = {}
        for role in (*POWERS, *ENERGIES, *SHARES):
            states = [self.hass.states.get(item) for item in entities_of(picked, role)]
            if all(state is not None and _is_unit(state, role) for state in states):
                continue
            if role in POWERS:
                errors[role] = "not_power"
            elif role in ENERGIES:
                errors[role] = "not_energy"
            else:
                errors[role] = "not_percent"
        return errors

    async def _take(
        self, source: Mapping[str, Any]
    ) -> tuple[ConfigFlowResult | None, dict[str, str]]:
        """Try a source; return how the flow goes on, or the errors of its form.

        A key that is refused is asked for again, where it can be corrected.
        """
        self._tried = source
        errors = await self._try_push(source)
        if not errors:
            return await self._finish_push(source), {}
        if errors == _KEY_REFUSED:
            return self._key_form(errors), {}
        return None, errors

    async def _try_push(self, source: Mapping[str, Any]) -> dict[str, str]:
        """Push what the source tells, and return the errors to show.

        A key that the server has just accepted is not tried again: pushes that follow
        each other too fast are refused. When only the key is renewed, a source that tells
        nothing is told of instead.
        """
        entry, spec = self._pushing_entry, self._target
        options = {} if entry is None else entry.options
        feed = feed_of(self.hass, source, max_age_of(options))
        told = told_by(
            self.hass, feed, FlowChoice() if entry is None else choice_of(options)
        )
        if isinstance(told, Trouble) and self.source != SOURCE_REAUTH:
            return {"base": f"push_{told.value}"}
        attempt = attempt_of(self.hass, self._credentials, spec)
        if attempt.is_within(spec.least_pause):
            return {} if attempt.accepted else {"base": "push_too_soon"}
        target = spec.connect(await async_connection(self.hass, self._credentials))
        now = attempt.at = dt_util.utcnow()
        attempt.accepted = False
        try:
            if isinstance(told, Trouble):
                await target.report(SENTENCES[told])
            else:
                await target.push(told, now)
            attempt.accepted = True
        except VendorError as error:
            return _told(error)
        finally:
            attempt.at = dt_util.utcnow()
        return {}

    async def _finish_push(self, source: Mapping[str, Any]) -> ConfigFlowResult:
        """Create the entry, or renew the one that the flow is about."""
        entry, unique_id = self._pushing_entry, self._unique_id_of_key()
        if await self._is_in_use():
            return self.async_abort(reason="already_configured")
        data: dict[str, Any] = {
            CONF_VENDOR: self._target.key,
            CONF_CREDENTIALS: self._credentials,
            CONF_SYSTEMS: [],
            CONF_SOURCE: dict(source),
            CONF_BEGUN: dt_util.utcnow().isoformat(),
        }
        if entry is not None:
            if self.source == SOURCE_REAUTH:
                data[CONF_BEGUN] = entry.data.get(CONF_BEGUN)
            return self.async_update_reload_and_abort(
                entry, unique_id=unique_id, data=data
            )
        title = self.free_title(self._target.name)
        return self.async_create_entry(title=title, data=data)


class PushOptionsFlow(OptionsFlowWithReload):
    """What of the source's readings is used."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the form of push targets, which has texts of its own."""
        return await self.async_step_push()

    async def async_step_push(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options that have an effect for the source."""
        entry = self.config_entry
        if user_input is not None:
            return self.async_create_entry(data={**entry.options, **user_input})
        by_hand = CONF_ENTITIES in entry.data[CONF_SOURCE]
        switches = (
            (CONF_USE_GRID_METER, CONF_USE_BATTERY)
            if by_hand
            else (
                CONF_PREFER_POWER_SENSOR,
                CONF_USE_POWER_SENSOR,
                CONF_USE_GRID_METER,
                CONF_USE_BATTERY,
            )
        )
        form: dict[Any, Any] = {
            probatio.Required(
                key, default=entry.options.get(key, True)
            ): BooleanSelector()
            for key in switches
        }
        if by_hand:
            marker = probatio.Required(
                CONF_MAX_AGE,
                default=entry.options.get(CONF_MAX_AGE, DEFAULT_MAX_AGE_MIN),
            )
            form[marker] = NumberSelector(
                NumberSelectorConfig(
                    min=0, max=1440, step=1, unit_of_measurement=UnitOfTime.MINUTES
                )
            )
        return self.async_show_form(step_id="push", data_schema=probatio.Schema(form))


def _told(error: VendorError) -> dict[str, str]:
    """Return what the form says about an error."""
    match error:
        case AuthError():
            return dict(_KEY_REFUSED)
        case RateLimited():
            return {"base": "push_too_soon"}
        case TransientError():
            return {"base": "cannot_connect"}
    _LOGGER.error("Unexpected answer to a push: %s", error)
    return {"base": "push_refused"}


def _is_unit(state: State, role: str) -> bool:
    return is_unit_of(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), role)

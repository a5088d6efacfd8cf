"""The forms of an account: its credentials, and its options."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from typing import Any, Final

import probatio
from yarl import URL

from homeassistant.data_entry_flow import section
from homeassistant.generated.countries import COUNTRIES
from homeassistant.helpers.selector import (
    BooleanSelector,
    CountrySelector,
    CountrySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .vendors.base import CredentialField, OptionField

CONF_ACCEPT_TERMS: Final = "accept_terms"
SECTION_ADVANCED: Final = "advanced"


def form_default(option: OptionField) -> bool | float | str | list[str]:
    """Return an option's default as the form holds it."""
    default = option.default
    return list(default) if isinstance(default, tuple) else default


def as_kept(option: OptionField, value: Any) -> Any:
    """Return what a form gives for an option as it is kept, whole where steps are."""
    whole = option.range is not None and isinstance(option.range.step, int)
    return round(value) if whole else value


def option_selector(option: OptionField) -> Selector[Any]:
    """Return what an option is picked with."""
    if (numbers := option.range) is not None:
        config = NumberSelectorConfig(
            min=numbers.least,
            max=numbers.most,
            step=numbers.step,
            mode=NumberSelectorMode.BOX,
        )
        if numbers.unit is not None:
            config["unit_of_measurement"] = numbers.unit
        return NumberSelector(config)
    if not option.choices:
        return BooleanSelector()
    return SelectSelector(
        SelectSelectorConfig(
            options=list(option.choices),
            multiple=isinstance(option.default, tuple),
            mode=SelectSelectorMode.LIST,
            translation_key=option.key,
        )
    )


def _first(field: CredentialField, country: str | None) -> str | None:
    """Return what a field holds at first."""
    return country if field.country else next(iter(field.choices), None)


def _field_selector(field: CredentialField) -> Selector[Any]:
    if field.country:
        return CountrySelector(CountrySelectorConfig(countries=sorted(COUNTRIES)))
    if field.choices:
        return SelectSelector(
            SelectSelectorConfig(
                options=list(field.choices),
                mode=SelectSelectorMode.DROPDOWN,
                translation_key=field.key,
            )
        )
    kind = TextSelectorType.EMAIL if field.email else TextSelectorType.TEXT
    if field.secret:
        kind = TextSelectorType.PASSWORD
    return TextSelector(TextSelectorConfig(type=kind))


def flat(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of all sections as one mapping, blanks around them cut."""
    found: dict[str, str] = {}
    for key, value in user_input.items():
        if isinstance(value, Mapping):
            found |= flat(value)
        else:
            found[key] = str(value).strip()
    return found


def is_address(text: str) -> bool:
    """Tell whether a text is the address of a server."""
    try:
        address = URL(text)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.host)


def _concerns(name: str, errors: Mapping[str, str]) -> bool:
    """Tell whether an error is about a field of a section."""
    keys = {f"{name}_refused"}
    if name == SECTION_ADVANCED:
        keys.add("invalid_address")
    return not keys.isdisjoint(errors.values())


def credentials_schema(
    fields: Iterable[CredentialField],
    shown: Mapping[str, str],
    kept: AbstractSet[str],
    errors: Mapping[str, str],
    *,
    country: str | None = None,
    terms: bool | None = None,
) -> probatio.Schema:
    """Return the form.

    Secrets are never shown again, so one that is kept may be left empty. A section
    that an error is about is open. `country` is where Home Assistant is. `terms` tells
    whether they are accepted by now, None where nobody has to.
    """
    form: dict[Any, Any] = {}
    sections: dict[str, dict[Any, Any]] = {}
    for field in fields:
        optional = field.section is not None or (field.secret and field.key in kept)
        marker = (probatio.Optional if optional else probatio.Required)(
            field.key,
            description=None
            if field.secret
            else {"suggested_value": shown.get(field.key, _first(field, country))},
        )
        target = sections.setdefault(field.section, {}) if field.section else form
        target[marker] = _field_selector(field)
    if terms is not None:
        form[probatio.Required(CONF_ACCEPT_TERMS, default=terms)] = BooleanSelector()
    for name, content in sections.items():
        form[probatio.Optional(name)] = section(
            probatio.Schema(content),
            {"collapsed": not _concerns(name, errors)},
        )
    return probatio.Schema(form)

"""The form that asks which systems of an account are wanted."""

from collections import Counter
from collections.abc import Mapping, Set as AbstractSet
from typing import Final

import probatio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .const import CONF_SYSTEMS, DOMAIN

FEW: Final = 10
"""So many systems are ticked in a list; of more the user picks his own."""


def names_of(hass: HomeAssistant, entry: ConfigEntry | None) -> dict[str, str]:
    """Return the names of an entry's systems by their devices, as far as there are any."""
    names: dict[str, str] = {}
    if entry is None:
        return names
    devices = dr.async_get(hass)
    for system in entry.data[CONF_SYSTEMS]:
        device = devices.async_get_device_by_identifier(
            (DOMAIN, system), entry.entry_id
        )
        if device is not None and (name := device.name_by_user or device.name):
            names[system] = name
    return names


def choice_schema(
    systems: AbstractSet[str],
    names: Mapping[str, str],
    picked: AbstractSet[str] | None,
) -> probatio.Schema:
    """Return the form; without anything `picked` before, few are all wanted.

    Systems of one name are told apart by their ids.
    """
    few = len(systems) <= FEW
    if picked is None:
        picked = systems if few else frozenset()
    labels = {system: names.get(system) or system for system in systems}
    count = Counter(labels.values())
    options = [
        SelectOptionDict(
            value=system, label=label if count[label] == 1 else f"{label} ({system})"
        )
        for system, label in sorted(
            labels.items(), key=lambda item: (item[1].casefold(), item[0])
        )
    ]
    selector = SelectSelector(
        SelectSelectorConfig(
            options=options,
            multiple=True,
            mode=SelectSelectorMode.LIST if few else SelectSelectorMode.DROPDOWN,
        )
    )
    marker = probatio.Required(CONF_SYSTEMS, default=sorted(picked))
    return probatio.Schema({marker: selector})

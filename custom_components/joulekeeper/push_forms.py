"""The form in which the entities are picked whose flows are pushed."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import probatio

from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
)

from .push_picked import (
    CONF_BATTERY,
    CONF_CHARGE,
    CONF_EXPORTED,
    CONF_GRID,
    CONF_IMPORTED,
    CONF_INVERT_BATTERY,
    CONF_INVERT_GRID,
    CONF_LOAD,
    CONF_SOLAR,
    CONF_STORED,
    SUMMED,
)

_DOMAINS: Final = ["sensor", "input_number", "number"]
ROLES: Final = (
    CONF_SOLAR,
    CONF_GRID,
    CONF_INVERT_GRID,
    CONF_LOAD,
    CONF_BATTERY,
    CONF_INVERT_BATTERY,
    CONF_CHARGE,
    CONF_STORED,
    CONF_IMPORTED,
    CONF_EXPORTED,
)
"""The fields of the form of entities, in their order."""


def entities_schema(picked: Mapping[str, Any]) -> probatio.Schema:
    """Return the form of entities, filled with what was picked before."""
    return probatio.Schema(dict(_fields(picked)))


def _fields(picked: Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    for role in ROLES:
        if role in (CONF_INVERT_GRID, CONF_INVERT_BATTERY):
            yield (
                probatio.Optional(role, default=bool(picked.get(role))),
                BooleanSelector(),
            )
            continue
        yield (
            probatio.Optional(role, description={"suggested_value": picked.get(role)}),
            EntitySelector(
                EntitySelectorConfig(domain=_DOMAINS, multiple=role in SUMMED)
            ),
        )

"""Tables of the switch that pauses an account, and of the button that refreshes a device."""

from dataclasses import dataclass
from typing import Final

from homeassistant.components.button import ButtonEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.const import EntityCategory


@dataclass(frozen=True, kw_only=True)
class AccountSwitchDescription(SwitchEntityDescription):
    """The switch that pauses all calls of an account."""


@dataclass(frozen=True, kw_only=True)
class RefreshDescription(ButtonEntityDescription):
    """The button that fetches at once what is fetched seldom."""


API_USAGE: Final = AccountSwitchDescription(
    key="api_usage",
    translation_key="api_usage",
    entity_category=EntityCategory.CONFIG,
)
REFRESH: Final = RefreshDescription(
    key="refresh_device",
    translation_key="refresh_device",
    entity_category=EntityCategory.DIAGNOSTIC,
)

"""Entities of a weather station."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import DEGREE, UnitOfIrradiance, UnitOfSpeed

from ....core.models import DeviceKind
from ....descriptions import TEMPERATURE
from .parts import live, online, weather_of

_ON: Final[dict[str, Any]] = {"on": DeviceKind.WEATHER_STATION}
_IRRADIANCE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.IRRADIANCE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfIrradiance.WATTS_PER_SQUARE_METER,
    "suggested_display_precision": 0,
}
_IRRADIATION: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": "MJ/m²",
    "suggested_display_precision": 2,
}

WEATHER_SENSORS: Final = (
    live(
        "ambient_temperature",
        weather_of,
        lambda item: item.temperature_c,
        **TEMPERATURE,
        **_ON,
    ),
    live(
        "module_temperature",
        weather_of,
        lambda item: item.module_temperature_c,
        **TEMPERATURE,
        **_ON,
    ),
    live(
        "wind_speed",
        weather_of,
        lambda item: item.wind_speed_m_s,
        device_class=SensorDeviceClass.WIND_SPEED,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfSpeed.METERS_PER_SECOND,
        suggested_display_precision=1,
        **_ON,
    ),
    live(
        "wind_direction",
        weather_of,
        lambda item: item.wind_direction_deg,
        device_class=SensorDeviceClass.WIND_DIRECTION,
        state_class=SensorStateClass.MEASUREMENT_ANGLE,
        native_unit_of_measurement=DEGREE,
        suggested_display_precision=0,
        **_ON,
    ),
    live(
        "irradiance",
        weather_of,
        lambda item: item.irradiance_w_m2,
        **_IRRADIANCE,
        **_ON,
    ),
    live(
        "horizontal_irradiance",
        weather_of,
        lambda item: item.horizontal_irradiance_w_m2,
        **_IRRADIANCE,
        **_ON,
    ),
    live(
        "solar_radiation_today",
        weather_of,
        lambda item: item.irradiation_mj_m2,
        **_IRRADIATION,
        **_ON,
    ),
    live(
        "horizontal_radiation_today",
        weather_of,
        lambda item: item.horizontal_irradiation_mj_m2,
        **_IRRADIATION,
        **_ON,
    ),
)

WEATHER_BINARY_SENSORS: Final = (
    online(lambda readings: weather_of(readings).connected, DeviceKind.WEATHER_STATION),
)

"""What is asked seldom about devices (dossier 4.5 to 4.8, 4.12).

Powers are W, shares percent. What cannot be read is None; for members most replies are
empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from ..parsing import integer, mapping, number, objects, text
from .devices import all_of, by_serial
from .fields import embedded, percent, switch, watts

_BEST_DBM: Final = -50.0
_WORST_DBM: Final = -85.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundDevice:
    """A device of the account, in a system or alone (4.5).

    `model` is what the vendor calls it, `name` what its user does.
    """

    serial: str = field(repr=False)
    product: str | None
    model: str | None
    name: str | None = field(repr=False)
    mac: str | None = field(repr=False)
    """Of its Bluetooth, twelve hexadecimal digits."""
    wifi_online: bool | None
    wifi_name: str | None = field(repr=False)
    rssi_dbm: float | None
    surplus_w: float | None
    """`bws_surplus`."""
    sw_version: str | None
    time_zone: str | None
    tag: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `data.data`; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        return cls(
            serial=serial,
            product=text(raw.get("product_code")),
            model=text(raw.get("device_name")),
            name=text(raw.get("alias_name")),
            mac=text(raw.get("bt_ble_mac")),
            wifi_online=switch(raw.get("wifi_online")),
            wifi_name=text(raw.get("wifi_name")),
            rssi_dbm=_dbm(raw.get("rssi")),
            surplus_w=watts(raw.get("bws_surplus")),
            sw_version=text(raw.get("device_sw_version")),
            time_zone=text(raw.get("time_zone")),
            tag=text(raw.get("tag")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wifi:
    """A device's wireless link; older answers do not tell whose it is (4.6)."""

    serial: str | None = field(repr=False)
    name: str | None = field(repr=False)
    signal: float | None
    rssi_dbm: float | None
    offline: bool | None
    wired: bool | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of `wifi_info_list`."""
        rssi_dbm = _dbm(raw.get("rssi"))
        signal = percent(raw.get("wifi_signal"))
        if signal is None and rssi_dbm is not None:
            share = (rssi_dbm - _WORST_DBM) / (_BEST_DBM - _WORST_DBM)
            signal = round(100 * min(1.0, max(0.0, share)))
        return cls(
            serial=text(raw.get("device_sn")),
            name=text(raw.get("wifi_name")),
            signal=signal,
            rssi_dbm=rssi_dbm,
            offline=switch(raw.get("offline")),
            wired=switch(raw.get("wired_connected")),
        )


def _dbm(value: Any) -> float | None:
    """Return a signal strength; 0 is none."""
    level = number(value)
    return level if level is not None and level < 0 else None


def wifi_of(links: Sequence[Wifi], serial: str, devices: Sequence[str]) -> Wifi | None:
    """Return a device's link, None where it cannot be told which one it is.

    `devices` are the serial numbers of all that have one: with a single one and a
    single link there is no doubt.
    """
    for link in links:
        if link.serial == serial:
            return link
    alone = len(links) == 1 and links[0].serial is None and tuple(devices) == (serial,)
    return links[0] if alone else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoffChoice:
    """One of the reserves that can be chosen; shares are percent."""

    id: int
    selected: bool | None
    reserve: float | None
    input_cutoff: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `power_cutoff_data`; None without an id."""
        if (choice := integer(raw.get("id"))) is None:
            return None
        return cls(
            id=choice,
            selected=switch(raw.get("is_selected")),
            reserve=percent(raw.get("output_cutoff_data")),
            input_cutoff=percent(raw.get("input_cutoff_data")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """The reserve of a solarbank and what it may be (4.7).

    Of a Solarbank 2 a change is shown by the app, but not obeyed.
    """

    choices: tuple[CutoffChoice, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_power_cutoff."""
        return cls(choices=all_of(raw.get("power_cutoff_data"), CutoffChoice.parse))

    @property
    def selected(self) -> CutoffChoice | None:
        """The choice that is in force, None where that is not told."""
        return next((choice for choice in self.choices if choice.selected), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarInfo:
    """The inverter behind a solarbank, as its user has set it up (4.8)."""

    brand: str | None
    model: str | None
    model_name: str | None
    serial: str | None = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_compatible_solar_info."""
        return cls(
            brand=text(raw.get("solar_brand")),
            model=text(raw.get("solar_model")),
            model_name=text(raw.get("solar_model_name")),
            serial=text(raw.get("solar_sn")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """An accessory that a device manages, such as a switch for 0 W output (4.8)."""

    serial: str = field(repr=False)
    product: str | None
    model: str | None
    name: str | None = field(repr=False)
    mac: str | None = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `data.data`; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        return cls(
            serial=serial,
            product=text(raw.get("product_code")),
            model=text(raw.get("device_name")),
            name=text(raw.get("alias_name")),
            mac=text(raw.get("bt_ble_mac")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoUpgrade:
    """Whether firmware is updated by itself, of all devices and of each (4.8)."""

    main: bool | None
    devices: Mapping[str, bool | None] = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_auto_upgrade; the list of a member is null."""
        return cls(
            main=switch(raw.get("main_switch")),
            devices={
                serial: switch(item.get("auto_upgrade"))
                for item in objects(raw.get("device_list"))
                if (serial := text(item.get("device_sn"))) is not None
            },
        )

    def effective(self, serial: str) -> bool | None:
        """Tell whether a device updates itself, None where that is not known."""
        own = self.devices.get(serial)
        if self.main is None or own is None:
            return None
        return self.main and own


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """A device's firmware and the newest one that there is."""

    serial: str = field(repr=False)
    installed: str | None
    latest: str | None
    needed: bool | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `update_infos`; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        package = mapping(raw.get("lastPackage"))
        return cls(
            serial=serial,
            installed=text(raw.get("current_version")),
            latest=text(package.get("version")),
            needed=switch(raw.get("need_update")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAttrs:
    """Settings of a newer device; of older ones and for members there are none (31)."""

    pv_limit_w: float | None
    """What its solar inputs are limited to; 0 stands for unknown."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_device_attrs."""
        told = mapping(raw.get("attributes"))
        return cls(pv_limit_w=watts(told.get("pv_power_limit")) or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChoice:
    """A limit as it is shown and as it is kept, W."""

    limit_w: float
    real_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `power_limit_option`; None without a limit."""
        if (limit_w := watts(raw.get("limit"))) is None:
            return None
        return cls(limit_w=limit_w, real_w=watts(raw.get("limit_real")))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLimit:
    """The limits of one device of a system, W; 0 stands for none."""

    serial: str = field(repr=False)
    product: str | None
    limit_w: float | None
    grid_input_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `device_info`; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        return cls(
            serial=serial,
            product=text(raw.get("device_pn")),
            limit_w=watts(raw.get("power_limit")) or None,
            grid_input_w=watts(raw.get("ac_input_limit")) or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimit:
    """How much a system may give, W; 0 stands for unknown (4.12)."""

    legal_w: float | None
    all_w: float | None
    choices: tuple[LimitChoice, ...]
    devices: Mapping[str, DeviceLimit] = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_power_limit."""
        return cls(
            legal_w=watts(raw.get("legal_power_limit")) or None,
            all_w=watts(raw.get("all_power_limit")) or None,
            choices=all_of(raw.get("power_limit_option"), LimitChoice.parse),
            devices=by_serial(raw.get("device_info"), DeviceLimit.parse),
        )

    def grid_input_w(self, serials: Iterable[str]) -> float | None:
        """Return what devices together take from the grid at most, W, if each tells."""
        devices = [self.devices.get(serial) for serial in serials]
        known = [it.grid_input_w for it in devices if it and it.grid_input_w]
        return sum(known) if known and len(known) == len(devices) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLoad:
    """What a first generation system is set to give (4.8).

    `profile` is the day's plan, decoded and else untouched: param type 4. `preset_w`
    is what is applied now, `bank_preset_w` a bank's share of it where there are two.
    """

    profile: Mapping[str, Any] | None = field(repr=False)
    preset_w: float | None
    bank_preset_w: float | None
    parallel: bool | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of get_device_home_load."""
        return cls(
            profile=embedded(raw.get("home_load_data")),
            preset_w=watts(raw.get("current_home_load")),
            bank_preset_w=watts(raw.get("parallel_home_load")),
            parallel=switch(raw.get("parallel_display")),
        )

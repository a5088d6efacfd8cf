"""Typed readings of the AlphaESS Open API, in our units and signs (dossier section 2).

Powers are W, energies kWh, shares percent; grid + is import, battery + is discharge,
which are the vendor's signs too. A number may come as text. What is null, missing or
absurd is None, never 0, and a `data` of null reads as all None.

The API knows no time zone. Dates and times are the plant's own wall clock and stay
naive `date`s and `datetime`s: who knows the plant's zone makes them aware. Of the hour
that comes twice in autumn it cannot be told which one a time belongs to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final, Self

from ..parsing import calendar_date, mapping, number, scaled, text

_KILO: Final = 1000
_PERCENT: Final = 100

_CURRENCIES: Final[Mapping[str, str]] = {
    "$": "USD",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "kr": "SEK",
    "R": "ZAR",
    "₹": "INR",
    "zł": "PLN",
    "Kč": "CZK",
}


def percent(value: Any) -> float | None:
    """Return a share of 0 to 100 %; anything else is no share."""
    share = number(value)
    return None if share is None or not 0 <= share <= _PERCENT else share


def fraction(value: Any) -> float | None:
    """Return a fraction of 0 to 1 in percent: -6.13514 was seen (dossier 2.5)."""
    return percent(scaled(value, _PERCENT))


def currency_of(money_type: str | None) -> str | None:
    """Return the ISO code of a code or a symbol, None for what is neither."""
    if money_type is None:
        return None
    if len(money_type) == 3 and money_type.isascii() and money_type.isalpha():
        return money_type.upper()
    return _CURRENCIES.get(money_type)


class _Payload:
    """What all payloads share."""

    __slots__ = ()

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all is known: some systems answer that way for weeks."""
        return all(value is None for value in _values(self))


def _values(payload: Any) -> Iterable[Any]:
    """Yield the values of all fields, those of tuples one by one."""
    for item in fields(payload):
        value = getattr(payload, item.name)
        if isinstance(value, tuple):
            yield from value
        else:
            yield value


def _numbers(raw: Any, *keys: str) -> tuple[float | None, ...]:
    """Return the numbers of a detail object, which may be null, in a fixed order."""
    detail = mapping(raw)
    return tuple(number(detail.get(key)) for key in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system of the account (dossier 2.1); `status` is the cloud's own word.

    Seen are `Normal`, `Offline` and `Protection`. `usable_kwh` is the usable part of
    the capacity, not what is left in the battery now.
    """

    serial: str = field(repr=False)
    status: str | None
    inverter_model: str | None
    inverter_power_w: float | None
    pv_power_w: float | None
    battery_model: str | None
    capacity_kwh: float | None
    usable_kwh: float | None
    usable_share: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of getEssList; None without a serial number."""
        if (serial := text(raw.get("sysSn"))) is None:
            return None
        return cls(
            serial=serial,
            status=text(raw.get("emsStatus")),
            inverter_model=text(raw.get("minv")),
            inverter_power_w=scaled(raw.get("poinv"), _KILO),
            pv_power_w=scaled(raw.get("popv"), _KILO),
            battery_model=text(raw.get("mbat")),
            capacity_kwh=number(raw.get("cobat")),
            usable_kwh=number(raw.get("surplusCobat")),
            usable_share=percent(raw.get("usCapacity")),
        )

    @property
    def has_battery(self) -> bool:
        """Whether a capacity is told: it is 0 or missing without a battery."""
        return bool(self.capacity_kwh)

    @property
    def offline(self) -> bool:
        """Whether the cloud itself says that the system is offline."""
        return self.status is not None and self.status.casefold() == "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePower(_Payload):
    """The present power flow (dossier 2.2); how old it is, it does not tell.

    `pv_w` includes foreign PV at the DC meter, `dc_meter_w`. `load_w` is the exact sum
    of the others, EV included, and can be negative. `inverter_w` is what the inverter
    gives per phase, negative while it charges from AC. Tuples: 4 strings, 4 chargers, 3
    phases. Blank where a system has history only (dossier 2.2) or is offline.
    """

    pv_w: float | None
    pv_strings_w: tuple[float | None, ...]
    dc_meter_w: float | None
    state_of_charge: float | None
    ev_w: float | None
    ev_chargers_w: tuple[float | None, ...]
    inverter_w: tuple[float | None, ...]
    grid_w: float | None
    grid_phases_w: tuple[float | None, ...]
    battery_w: float | None
    load_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getLastPowerData."""
        return cls(
            pv_w=number(raw.get("ppv")),
            pv_strings_w=_numbers(raw.get("ppvDetail"), "ppv1", "ppv2", "ppv3", "ppv4"),
            dc_meter_w=number(mapping(raw.get("ppvDetail")).get("pmeterDc")),
            state_of_charge=percent(raw.get("soc")),
            ev_w=number(raw.get("pev")),
            ev_chargers_w=_numbers(
                raw.get("pevDetail"), "ev1Power", "ev2Power", "ev3Power", "ev4Power"
            ),
            inverter_w=_numbers(raw, "prealL1", "prealL2", "prealL3"),
            grid_w=number(raw.get("pgrid")),
            grid_phases_w=_numbers(
                raw.get("pgridDetail"), "pmeterL1", "pmeterL2", "pmeterL3"
            ),
            battery_w=number(raw.get("pbat")),
            load_w=number(raw.get("pload")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSample:
    """One 5-minute sample (dossier 2.3). `time` is naive: the plant's wall clock.

    `load_w` is metered by itself; import and export are not negative.
    """

    time: datetime
    pv_w: float | None
    load_w: float | None
    state_of_charge: float | None
    export_w: float | None
    import_w: float | None
    ev_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of getOneDayPowerBySn; None without a readable time.

        The portal's spellings are taken too, where the live API has others.
        """
        if (time := plant_time(raw.get("uploadTime"))) is None:
            return None
        return cls(
            time=time,
            pv_w=number(raw.get("ppv")),
            load_w=number(raw.get("load")),
            state_of_charge=percent(raw.get("cbat", raw.get("cobat"))),
            export_w=number(raw.get("feedIn")),
            import_w=number(raw.get("gridCharge")),
            ev_w=number(raw.get("pchargingPile", raw.get("pChargingPile"))),
        )

    @property
    def grid_w(self) -> float | None:
        """Import less export."""
        if self.import_w is None or self.export_w is None:
            return None
        return round(self.import_w - self.export_w, 3)

    @property
    def battery_w(self) -> float | None:
        """What neither the sun nor the grid gives to the load."""
        if self.load_w is None or self.pv_w is None or self.grid_w is None:
            return None
        return round(self.load_w - self.pv_w - self.grid_w, 3)


@dataclass(frozen=True, slots=True)
class DayPower:
    """The samples of a day, oldest first, one per time; empty for an unknown day."""

    samples: tuple[PowerSample, ...]

    @classmethod
    def parse(cls, raw: Iterable[Mapping[str, Any]]) -> Self:
        """Read `data` of getOneDayPowerBySn; of equal times the first one counts."""
        by_time: dict[datetime, PowerSample] = {}
        for sample in map(PowerSample.parse, raw):
            if sample is not None:
                by_time.setdefault(sample.time, sample)
        return cls(tuple(by_time[time] for time in sorted(by_time)))

    @property
    def latest(self) -> PowerSample | None:
        """The newest sample."""
        return self.samples[-1] if self.samples else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnergy(_Payload):
    """The energies of one day of the plant's calendar (dossier 2.4).

    `charge_kwh` is all that went into the battery, `grid_charge_kwh` the part of it
    that the grid gave.
    """

    day: date | None
    pv_kwh: float | None
    import_kwh: float | None
    export_kwh: float | None
    charge_kwh: float | None
    grid_charge_kwh: float | None
    discharge_kwh: float | None
    ev_kwh: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getOneDateEnergyBySn."""
        return cls(
            day=calendar_date(raw.get("theDate")),
            pv_kwh=number(raw.get("epv")),
            import_kwh=number(raw.get("eInput")),
            export_kwh=number(raw.get("eOutput")),
            charge_kwh=number(raw.get("eCharge")),
            grid_charge_kwh=number(raw.get("eGridCharge")),
            discharge_kwh=number(raw.get("eDischarge")),
            ev_kwh=number(raw.get("eChargingPile")),
        )

    @property
    def is_empty(self) -> bool:
        """Whether every energy is 0 or unknown: no truth around midnight."""
        return not any(value for value in _values(self) if not isinstance(value, date))

    @property
    def load_kwh(self) -> float | None:
        """The load by balance, which is the vendor's own figure (dossier 2.4)."""
        if (
            self.pv_kwh is None
            or self.import_kwh is None
            or self.export_kwh is None
            or self.charge_kwh is None
            or self.discharge_kwh is None
        ):
            return None
        gained = self.pv_kwh + self.import_kwh + self.discharge_kwh
        return round(gained - self.export_kwh - self.charge_kwh, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(_Payload):
    """Today and since the beginning (dossier 2.5); many are null on newer accounts.

    Which day "today" is, is the server's idea: it may end with the UTC day. Incomes
    are in `currency`, an ISO code; `money_type` is what the cloud says of it.
    """

    pv_today_kwh: float | None
    pv_total_kwh: float | None
    load_today_kwh: float | None
    export_today_kwh: float | None
    import_today_kwh: float | None
    charge_today_kwh: float | None
    discharge_today_kwh: float | None
    income_today: float | None
    income_total: float | None
    self_consumption: float | None
    self_sufficiency: float | None
    trees: float | None
    co2_kg: float | None
    money_type: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of getSumDataForCustomer."""
        return cls(
            pv_today_kwh=number(raw.get("epvtoday")),
            pv_total_kwh=number(raw.get("epvtotal")),
            load_today_kwh=number(raw.get("eload")),
            export_today_kwh=number(raw.get("eoutput")),
            import_today_kwh=number(raw.get("einput")),
            charge_today_kwh=number(raw.get("echarge")),
            discharge_today_kwh=number(raw.get("edischarge")),
            income_today=number(raw.get("todayIncome")),
            income_total=number(raw.get("totalIncome")),
            self_consumption=fraction(raw.get("eselfConsumption")),
            self_sufficiency=fraction(raw.get("eselfSufficiency")),
            trees=number(raw.get("treeNum")),
            co2_kg=number(raw.get("carbonNum")),
            money_type=text(raw.get("moneyType")),
        )

    @property
    def currency(self) -> str | None:
        """ISO code of the incomes; a bare `$` counts as the US one, as with others."""
        return currency_of(self.money_type)


def plant_time(value: Any) -> datetime | None:
    """Return `yyyy-MM-dd HH:mm:ss` as a naive time of the plant's wall clock.

    An offset was never seen; if there is one, the wall clock still counts.
    """
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    except ValueError:
        return None

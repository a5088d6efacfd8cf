"""Real systems, as somebody recorded them: everything documented is there (10)."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import pytest

from custom_components.joulekeeper.vendors.anker.details import (
    AutoUpgrade,
    BoundDevice,
    Cutoff,
    DeviceAttrs,
    Firmware,
    Fitting,
    HomeLoad,
    PowerLimit,
    SolarInfo,
    Wifi,
)
from custom_components.joulekeeper.vendors.anker.devices import all_of, by_serial
from custom_components.joulekeeper.vendors.anker.energy import (
    DayEnergy,
    EnergyAnalysis,
    EnergyKind,
    SolarDay,
    kinds_of,
)
from custom_components.joulekeeper.vendors.anker.models import Scene, Site
from custom_components.joulekeeper.vendors.anker.prices import (
    AiStatus,
    DynamicPrices,
    SitePrice,
)
from custom_components.joulekeeper.vendors.anker.standalone import (
    PvStatus,
    PvTariff,
    PvTotals,
    pv_days,
)
from custom_components.joulekeeper.vendors.anker.status import BankStatus, UsageMode
from tests.recorded import recorded

SYSTEMS = (
    "MI80_Standalone",
    "SB1_DischargePrio",
    "SB1_Dual_NoEnergy",
    "SB2_SM_ManMode_Schedule",
    "SB3_SM_Smart",
)


class Record:
    """The answers of one system, by the beginning of their names."""

    def __init__(self, system: str) -> None:
        """Read them."""
        self._answers = recorded("anker_solix", system)

    def all(self, prefix: str) -> dict[str, Any]:
        """Return the `data` of all answers whose names begin so, by the rest."""
        return {
            name.removeprefix(prefix).strip("_"): answer.get("data")
            for name, answer in self._answers.items()
            if name == prefix or name.startswith(f"{prefix}_")
        }

    def one(self, prefix: str) -> Any:
        """Return the `data` of the only answer, or of the first one."""
        return next(iter(self.all(prefix).values()))

    def scene(self) -> Scene:
        """Return the overview."""
        return Scene.parse(self.one("scene"))


def leaves(raw: Any) -> set[str]:
    """Return all texts and numbers of an answer, as text."""
    if isinstance(raw, Mapping):
        return set().union(*(leaves(item) for item in raw.values())) if raw else set()
    if isinstance(raw, list):
        return set().union(*(leaves(item) for item in raw)) if raw else set()
    return {str(raw)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_is_read(system: str) -> None:
    """Each answer that has a reader: no exception, devices found, nothing absurd."""
    record = Record(system)
    for site in all_of(record.one("site_list").get("site_list"), Site.parse):
        assert site.owned
        assert site.name
        assert site.kind in {2, 5, 12}
    bound = by_serial(record.one("bind_devices").get("data"), BoundDevice.parse)
    assert bound
    for device in bound.values():
        assert device.model
        assert device.product
        assert device.sw_version or device.product.startswith("SH")
    upgrade = AutoUpgrade.parse(record.one("auto_upgrade"))
    assert upgrade.main is not None
    for raw in record.all("power_cutoff").values():
        cutoff = Cutoff.parse(raw)
        assert cutoff.selected is not None
        assert cutoff.selected.reserve in (5, 10)
        assert [choice.reserve for choice in cutoff.choices] == [10, 5]
    for raw in record.all("device_fittings").values():
        all_of(raw.get("data"), Fitting.parse)
    for raw in record.all("device_attrs").values():
        DeviceAttrs.parse(raw)
    for raw in record.all("solar_info").values():
        assert SolarInfo.parse(raw).brand
    for raw in record.all("ota_batch").values():
        assert by_serial(raw.get("update_infos"), Firmware.parse)
    for raw in record.all("wifi_list").values():
        links = all_of(raw.get("wifi_info_list"), Wifi.parse)
        assert links
        assert all(link.name for link in links)
        assert any(link.signal for link in links)
    for raw in record.all("price").values():
        price = SitePrice.parse(raw)
        assert price.price is not None
        assert 0.1 < price.price < 0.5
        assert price.currency == "€"
    for raw in record.all("device_load").values():
        load = HomeLoad.parse(raw)
        assert load.profile is not None
        assert load.preset_w is not None
        assert "ranges" in load.profile


@pytest.mark.parametrize("system", SYSTEMS[1:])
def test_overviews(system: str) -> None:
    """The balance is right: what comes in less what goes out is in the battery."""
    record = Record(system)
    told = record.scene()
    assert told.valid
    assert told.site_id in leaves(record.one("scene"))
    assert told.totals.energy_kwh is not None
    assert told.totals.co2_kg is not None
    assert told.totals.money is not None
    assert told.totals.currency == "€"
    totals = told.banks
    assert totals.solar_w is not None
    assert totals.output_w is not None
    assert totals.charging_w == pytest.approx(totals.solar_w - totals.output_w)
    assert told.preset_w is not None
    for bank in told.solarbanks.values():
        assert bank.online
        assert bank.state_of_charge is not None
        assert 0 < bank.state_of_charge <= 100
        assert bank.stored_wh is not None
        assert bank.charging_w is not None
        assert bank.status is not None
        assert bank.name


def test_single_first_generation() -> None:
    """Idle at noon in December."""
    record = Record("SB1_DischargePrio")
    told = record.scene()
    (bank,) = told.solarbanks.values()
    assert (bank.state_of_charge, bank.charging_w, bank.reserve) == (75, 0, 10)
    assert told.discharge_priority_known
    assert (told.load_w, told.mode, told.grid) == (None, None, None)
    assert told.measured_at == datetime(2024, 12, 17, 12, 17, 3)
    profile = HomeLoad.parse(record.one("device_load")).profile
    assert profile is not None
    assert len(profile["ranges"]) == 3
    assert EnergyAnalysis.parse(record.one("energy_solar_production_pv1")) is None


def test_two_first_generation_banks() -> None:
    """Both discharge, though the system says that nothing is charged."""
    told = Record("SB1_Dual_NoEnergy").scene()
    powers = [bank.charging_w for bank in told.solarbanks.values()]
    assert sorted(power or 0 for power in powers) == [-136, -120]
    assert told.banks.charging_w == -256
    presets = [bank.preset_w for bank in told.solarbanks.values()]
    assert (presets, told.preset_w) == ([135, 135], 270)
    assert {bank.status for bank in told.solarbanks.values()} == {BankStatus.DISCHARGE}


def test_second_generation_in_manual_mode() -> None:
    """An expansion, a meter, four inputs, and no time of the last report."""
    told = Record("SB2_SM_ManMode_Schedule").scene()
    (bank,) = told.solarbanks.values()
    assert (bank.charging_w, bank.status) == (741, BankStatus.CHARGE)
    assert (bank.stored_wh, bank.reserve) == (1248, 5)
    assert bank.pv_w == (191, 182, 190, 178)
    assert (told.mode, told.measured_at) == (UsageMode.MANUAL, None)
    assert told.grid is not None
    assert (told.grid.import_w, told.load_w) == (684, 684)
    assert len(told.grid.meters) == 1


def test_third_generation_by_itself() -> None:
    """Bypass in AI mode; limits, forecast, dynamic prices."""
    record = Record("SB3_SM_Smart")
    told = record.scene()
    (bank,) = told.solarbanks.values()
    assert (bank.charging_w, bank.status, bank.reserve) == (0, BankStatus.BYPASS, None)
    assert (told.mode, told.load_w, told.banks.to_home_w) == (7, 1350, 534)
    assert told.ai_profit is not None
    assert told.ai_profit.total == 46.68
    limit = PowerLimit.parse(record.one("power_limit"))
    assert (limit.legal_w, limit.all_w, list(limit.devices)) == (
        1200,
        None,
        [bank.serial],
    )
    prices = DynamicPrices.parse(record.one("dynamic_price_details"))
    assert len(prices.today) == 24
    assert {item.start: item.price for item in prices.today}[time(20)] == 0.14655
    assert AiStatus.parse(record.one("ai_ems_status")).left_s is None
    day = SolarDay.parse(record.one("energy_solar_production_today"))
    assert len(day.power_w) == 72
    assert max(power for _, power in day.power_w) > 300
    assert day.forecast_w


@pytest.mark.parametrize("system", ["SB2_SM_ManMode_Schedule", "SB3_SM_Smart"])
def test_energies(system: str) -> None:
    """Days of the recorded range; totals are those of both days (13.13)."""
    record = Record(system)
    kinds = {
        kind: EnergyAnalysis.parse(record.all(f"energy_{kind}").get(_site(record)))
        for kind in EnergyKind
    }
    assert {kind for kind, told in kinds.items() if told} >= set(
        kinds_of(record.scene())
    )
    solar = kinds[EnergyKind.SOLAR]
    assert solar is not None
    for day in solar.power:
        told = DayEnergy.of(day, kinds)
        assert told.home is not None
        assert told.grid_import is not None
        assert told.solar is not None
        assert 0 < told.solar < 10
        assert 0 < told.grid_import < told.home + told.solar + 1
        assert told.grid_export is not None
        assert told.grid_export >= 0
        assert None not in told.pv
        assert 0 < sum(filter(None, told.pv)) <= told.solar + 0.1
    other = DayEnergy.of(date(2020, 1, 1), kinds)
    assert (other.solar, other.home, other.battery_charge) == (None, None, None)


def _site(record: Record) -> str:
    return str(record.scene().site_id)


@pytest.mark.parametrize("system", ["MI80_Standalone", "SB3_SM_Smart"])
def test_stand_alone_inverter(system: str) -> None:
    """Alone, or beside a system in the same account."""
    record = Record(system)
    (status,) = by_serial(
        record.one("device_pv_status").get("pvStatuses"), PvStatus.parse
    ).values()
    assert status.power_w is not None
    assert status.online is not None
    totals = PvTotals.parse(record.one("device_pv_total_statistics"))
    assert totals.energy_kwh is not None
    assert totals.energy_kwh > 1
    assert totals.limit_w in (600, 800)
    assert PvTariff.parse(record.one("device_pv_price")).price is not None
    start = date(2025, 1, 1)
    assert len(pv_days(record.one("device_pv_statistics"), start)) >= 2


def test_reprs_hide_serials() -> None:
    """What is logged by accident names nobody."""
    record = Record("SB3_SM_Smart")
    shown = repr(record.scene()) + repr(list(record.scene().solarbanks.values()))
    serials = [device["device_sn"] for device in record.one("bind_devices").get("data")]
    assert serials
    for serial in (*serials, _site(record)):
        assert serial not in shown

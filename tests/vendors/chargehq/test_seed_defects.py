"""The known errors of the seed program (its dossier, section 5), none of which is here.

Those that only show over time or with a real source are in `tests/integration`:
error and data in one cycle, a failed push that is repeated.
"""

from custom_components.joulekeeper.core.flow import MeterKind, SiteFlow, SiteMeter
from custom_components.joulekeeper.vendors.chargehq import TARGET

from .conftest import Bench

SENSOR = MeterKind.POWER_SENSOR


def home(
    *,
    charge: float | None = 64,
    battery_w: float = -1200,
    stored_kwh: float | None = None,
    meters: tuple[SiteMeter, ...] | None = None,
) -> SiteFlow:
    """Return a home whose battery charges from the roof."""
    usual = SiteMeter(kind=SENSOR, grid_w=-1850, import_kwh=4310.0, export_kwh=9120.0)
    return SiteFlow(
        production_w=4200,
        has_battery=True,
        battery_w=battery_w,
        state_of_charge=charge,
        stored_kwh=stored_kwh,
        meters=(usual,) if meters is None else meters,
    )


async def test_discharge_is_kw_and_not_w(bench: Bench) -> None:
    """The seed sent ch_discharge_power unchanged, in W."""
    assert (await bench.told(home()))["battery_discharge_kw"] == -1.2


async def test_discharge_is_positive(bench: Bench) -> None:
    """The seed sent charging as positive; here the charge tells which one it is."""
    await bench.told(home(charge=60))
    assert (await bench.told(home(charge=61)))["battery_discharge_kw"] < 0
    gives = await bench.told(home(charge=60, battery_w=900))
    assert gives["battery_discharge_kw"] == 0.9


async def test_battery_energy_is_what_is_stored(bench: Bench) -> None:
    """The seed sent the energy charged today; where nobody knows it, it is left out."""
    assert "battery_energy_kwh" not in await bench.told(home())
    assert (await bench.told(home(stored_kwh=6.4)))["battery_energy_kwh"] == 6.4


async def test_one_percent_is_one_percent(bench: Bench) -> None:
    """The seed took 1 % and less for a fraction, and sent 100 %."""
    for percent, fraction in ((1, 0.01), (0.5, 0.005), (0, 0), (100, 1)):
        bench.cloud.pushes.clear()
        assert (await bench.told(home(charge=percent)))["battery_soc"] == fraction


async def test_production_is_the_panels_alone(bench: Bench) -> None:
    """The seed sent the AC power of a hybrid, battery included; so the balance failed."""
    meters = await bench.told(home(battery_w=900))
    assert meters["production_kw"] == 4.2
    assert meters["consumption_kw"] == 3.25


async def test_exported_energy_never_jumps(bench: Bench) -> None:
    """The seed sent the inverter's lifetime production where the meter was silent."""
    silent = SiteMeter(kind=SENSOR, grid_w=None)
    other = SiteMeter(kind=MeterKind.GRID_METER, grid_w=-1800, export_kwh=77.0)
    assert (await bench.told(home()))["exported_kwh"] == 9120
    assert "exported_kwh" not in await bench.told(home(meters=(silent, other)))
    assert "exported_kwh" not in await bench.told(home(meters=(silent,)))
    assert (await bench.told(home()))["exported_kwh"] == 9120


async def test_imported_energy_is_sent(bench: Bench) -> None:
    """The seed never did."""
    assert (await bench.told(home()))["imported_kwh"] == 4310


async def test_a_sensor_that_is_offline_does_not_hide_the_meter(bench: Bench) -> None:
    """The seed asked no grid meter where there was a power sensor, dead or alive."""
    silent = SiteMeter(kind=SENSOR, grid_w=None)
    other = SiteMeter(kind=MeterKind.GRID_METER, grid_w=-1800)
    meters = await bench.told(home(meters=(silent, other)))
    assert meters["net_import_kw"] == -1.8
    assert meters["consumption_kw"] == 1.2


async def test_each_toggle_works(bench: Bench) -> None:
    """The seed's own, of which its author says that they were hardly tested."""
    assert set(await bench.told(home(), use_power_sensor=False)) == {"production_kw"}
    without = await bench.told(home(), use_battery=False)
    assert not {key for key in without if key.startswith("battery")}
    assert without["consumption_kw"] == 2.35


def test_the_key_of_zeros_is_no_key() -> None:
    """The seed started with it, and only then told that it will not send."""
    assert not TARGET.well_formed("00000000-0000-0000-0000-000000000000")


def test_the_pace_is_set_by_the_target() -> None:
    """The seed ignored its own setting and pushed each 305 s."""
    assert TARGET.usual_pause.total_seconds() == 60
    assert TARGET.least_pause.total_seconds() == 30

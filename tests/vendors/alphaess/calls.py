"""Everything that the client can be asked, and what goes over the line for it."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from custom_components.joulekeeper.vendors.alphaess.client import AlphaEssClient

from .conftest import CHARGER, A, B
from .test_settings import CHARGE, DISCHARGE, SCHEDULE

TODAY = date(2026, 9, 14)
SUCCESS = {"code": 200, "msg": "Success", "expMsg": None, "data": None, "extra": None}

type Ask = Callable[[AlphaEssClient], Awaitable[Any]]

READS: dict[str, tuple[Ask, str]] = {
    "getEssList": (lambda client: client.systems(), ""),
    "getLastPowerData": (lambda client: client.live_power(A), f"sysSn={A}"),
    "getOneDayPowerBySn": (
        lambda client: client.day_power(A, TODAY),
        f"sysSn={A}&queryDate=2026-09-14",
    ),
    "getOneDateEnergyBySn": (
        lambda client: client.day_energy(A, TODAY),
        f"sysSn={A}&queryDate=2026-09-14",
    ),
    "getSumDataForCustomer": (lambda client: client.summary(A), f"sysSn={A}"),
    "getChargeConfigInfo": (lambda client: client.charge_settings(A), f"sysSn={A}"),
    "getDisChargeConfigInfo": (
        lambda client: client.discharge_settings(A),
        f"sysSn={A}",
    ),
    "getTimeChargeBySn": (lambda client: client.periodic_schedule(B), f"sysSn={B}"),
    "getEvChargerConfigList": (lambda client: client.ev_chargers(B), f"sysSn={B}"),
    "getEvChargerCurrentsBySn": (
        lambda client: client.ev_household_current(B),
        f"sysSn={B}",
    ),
    "getEvChargerStatusBySn": (
        lambda client: client.ev_status(B, CHARGER),
        f"sysSn={B}&evchargerSn={CHARGER}",
    ),
}
WRITES: dict[str, tuple[Ask, str]] = {
    "updateChargeConfigInfo": (
        lambda client: client.set_charge_settings(A, CHARGE),
        (
            f'{{"sysSn":"{A}","batHighCap":90,"gridCharge":1,"timeChaf1":"02:00",'
            '"timeChae1":"04:30","timeChaf2":"00:00","timeChae2":"00:00"}'
        ),
    ),
    "updateDisChargeConfigInfo": (
        lambda client: client.set_discharge_settings(A, DISCHARGE),
        (
            f'{{"sysSn":"{A}","batUseCap":5,"ctrDis":1,"timeDisf1":"17:00",'
            '"timeDise1":"21:00","timeDisf2":"00:00","timeDise2":"00:00"}'
        ),
    ),
    "setTimeChargeBySn": (
        lambda client: client.set_periodic_schedule(B, SCHEDULE),
        (
            f'{{"sysSn":"{B}","executeCycleType":1,"gridChargeCycle":1,"ctrDisCycle":0,'
            '"chargeTimeList":[{"beginTime":"02:00","endTime":"04:30",'
            '"weeks":[1,2,3,4,5,6,7],"chargePower":5000,"chargeLimit":80}],'
            '"dischargeTimeList":[{"beginTime":"17:00","endTime":"21:00",'
            '"weeks":[1,2,3,4,5],"chargePower":3000,"chargeLimit":20.5}]}'
        ),
    ),
    "bindSn": (
        lambda client: client.bind(B, "4821"),
        f'{{"sysSn":"{B}","code":"4821"}}',
    ),
    "unBindSn": (lambda client: client.unbind(B), f'{{"sysSn":"{B}"}}'),
    "setEvChargerCurrentsBySn": (
        lambda client: client.set_ev_household_current(B, 16.0),
        f'{{"sysSn":"{B}","currentsetting":16}}',
    ),
    "remoteControlEvCharger": (
        lambda client: client.control_ev(B, CHARGER, charge=False),
        f'{{"sysSn":"{B}","evchargerSn":"{CHARGER}","controlMode":0}}',
    ),
}
VERIFY: Ask = lambda client: client.request_verification_code(B, "CHK000000002")  # noqa: E731
CHANGES = {name: ask for name, (ask, _) in WRITES.items()} | {
    "getVerificationCode": VERIFY
}


def refusal(code: int, *, exp_msg: str | None = None, keys: int = 5) -> dict[str, Any]:
    """Return the body of a refusal, with all keys or just two of them."""
    body = {"code": code, "msg": "\u9519\u8bef"}
    if keys == 5:
        body |= {"expMsg": exp_msg, "data": None, "extra": None}
    return body

"""Firmware and its automatic upgrades (4.8)."""

from typing import Any

from ..server import Route
from .accounts import Account
from .context import Ask, Context
from .errors import FAILED, ApiError, BadRequest
from .specs import METER, MI80, SHELLY

_APP = "/power_service/v1/app"


class FirmwareApi:
    """What runs on the devices of an owner."""

    def __init__(self, context: Context) -> None:
        """Serve the firmware of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        compatible = f"{_APP}/compatible"
        named = (
            (f"{compatible}/get_ota_info", "ota_info", self.ota_info),
            (f"{compatible}/get_ota_update", "ota_update", self.ota_update),
            (f"{_APP}/get_auto_upgrade", "get_auto_upgrade", self.get_auto_upgrade),
            (f"{_APP}/set_auto_upgrade", "set_auto_upgrade", self.set_auto_upgrade),
            ("/app/ota/batch/check_update", "ota_batch", self.ota_batch),
            (f"{_APP}/get_upgrade_record", "upgrade_record", self.upgrade_record),
        )
        return [
            Route("POST", path, label, guard(handler)) for path, label, handler in named
        ]

    async def get_auto_upgrade(self, ask: Ask) -> Any:
        """Answer who may upgrade by itself."""
        if not ask.account.is_owner or not ask.is_home:
            return {"main_switch": False, "device_list": None}
        account = ask.account
        return {
            "main_switch": account.upgrades,
            "device_list": [
                {
                    "device_sn": device.serial,
                    "device_name": device.model,
                    "auto_upgrade": account.upgrades
                    and device.serial in account.upgrading,
                    "alias_name": site.aliases[device.serial] if site else device.alias,
                    "icon": "",
                }
                for device, site in self._context.devices_of(ask)
                if device.product not in (MI80, METER, SHELLY)
            ],
        }

    async def set_auto_upgrade(self, ask: Ask) -> Any:
        """Set the switches; the main one off takes all with it (4.8)."""
        if not ask.account.is_owner:
            raise ApiError(self._context.behaviour.member_refusal)
        main, rows = ask.body.get("main_switch"), ask.body.get("device_list") or []
        if not isinstance(main, bool):
            raise BadRequest('error: field "main_switch" is not set')
        if not self._context.is_ignored(ask):
            _upgrade(ask.account, main, rows)
        return {}

    async def ota_batch(self, ask: Ask) -> Any:
        """Answer the newest firmware."""
        owned = {device.serial: device for device, _ in self._context.devices_of(ask)}
        rows = []
        for row in ask.body.get("device_list") or ():
            device = owned.get(row.get("device_sn", ""))
            if device is None or device.product in (MI80, SHELLY):
                rows.append(_ota(row.get("device_sn", ""), "", "", 0))
            else:
                rows.append(_ota(device.serial, device.product, device.firmware, 1))
        return {"update_infos": rows}

    async def ota_info(self, ask: Ask) -> Any:
        """Fail as the real one."""
        raise ApiError(FAILED)

    async def ota_update(self, ask: Ask) -> Any:
        """Fail as the real one."""
        raise ApiError(FAILED)

    async def upgrade_record(self, ask: Ask) -> Any:
        """Answer no history."""
        return {
            "device_sn": ask.body.get("device_sn", ""),
            "site_id": ask.body.get("site_id", ""),
            "upgrade_record_list": [],
        }


def _upgrade(account: Account, main: bool, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["auto_upgrade"]:
            account.upgrading.add(row["device_sn"])
        else:
            account.upgrading.discard(row["device_sn"])
    account.upgrades = main
    if not main:
        account.upgrading.clear()


def _ota(serial: str, product: str, version: str, kind: int) -> dict[str, Any]:
    children = [
        {
            "needUpdate": False,
            "device_type": f"{product}_mcu",
            "rom_version_name": version,
            "force_upgrade": False,
            "full_package": {"file_path": "", "file_size": 0, "file_md5": ""},
            "change_log": "",
            "sub_current_version": "",
        }
    ]
    return {
        "device_sn": serial,
        "need_update": False,
        "upgrade_type": kind,
        "lastPackage": {
            "product_code": product,
            "product_component": product,
            "version": version,
            "is_forced": False,
            "md5": "",
            "url": "",
            "size": 0,
        },
        "change_log": "",
        "current_version": version,
        "children": children if product else None,
    }

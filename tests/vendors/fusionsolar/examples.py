"""Answers of the cloud as in section 7 of the dossier; all values are invented."""

import json
from typing import Any

from custom_components.joulekeeper.vendors.fusionsolar.models import PlantDevice

PLANT = "NE=71000001"
OTHER_PLANT = "0123456789abcdef0123456789abcdef"
DONGLE, INVERTER, BATTERY, SENSOR = range(1000000071000011, 1000000071000015)

PLANT_ROW = json.loads(
    '{"plantCode":"NE=71000001","plantName":"Sample Roof","plantAddress":'
    '"1 Example Street","longitude":"150.123400","latitude":"-33.765400",'
    '"capacity":6.6,"contactPerson":"","contactMethod":"",'
    '"gridConnectionDate":"2023-03-01T10:00:00+10:00"}'
)
OTHER_ROW = {"plantCode": OTHER_PLANT, "plantName": "Barn", "capacity": None}
OLD_ROW = json.loads(
    '{"stationCode":"NE=71000001","stationName":"Sample Roof","stationAddr":null,'
    '"capacity":0.0066,"buildState":null,"combineType":null,"aidType":2147483647,'
    '"stationLinkman":null,"linkmanPho":null}'
)
DEVICE_ROWS = json.loads(
    """[
{"id":1000000071000011,"devDn":"NE=71000011","devName":"Dongle-1","stationCode":"NE=71000001","esnCode":"TESTDNG0001","devTypeId":62,"model":"SDongleA-05","invType":"SDongleA-05","softwareVersion":"V200R022C10SPC100","optimizerNumber":null,"longitude":150.1234,"latitude":-33.7654},
{"id":1000000071000012,"devDn":"NE=71000012","devName":"Inverter-1","stationCode":"NE=71000001","esnCode":"TESTINV0001","devTypeId":38,"model":"SUN2000-5KTL-L1","invType":"SUN2000-5KTL-L1","softwareVersion":"V200R001C00SPC120","optimizerNumber":0,"longitude":150.1234,"latitude":-33.7654},
{"id":1000000071000013,"devDn":"NE=71000013","devName":"Battery-1","stationCode":"NE=71000001","esnCode":"TESTINV0001-BAT","devTypeId":39,"model":null,"invType":null,"softwareVersion":null,"optimizerNumber":null,"longitude":150.1234,"latitude":-33.7654},
{"id":1000000071000014,"devDn":"NE=71000014","devName":"Meter-1","stationCode":"NE=71000001","esnCode":"TESTMTR0001","devTypeId":47,"model":null,"invType":null,"softwareVersion":null,"optimizerNumber":null,"longitude":null,"latitude":null}
]"""
)
DEVICES: tuple[PlantDevice, ...] = tuple(
    filter(None, map(PlantDevice.parse, DEVICE_ROWS))
)

INVERTER_DAY: dict[str, Any] = json.loads(
    '{"inverter_state":512.0,"ab_u":0.0,"bc_u":0.0,"ca_u":0.0,"a_u":238.6,"b_u":0.0,'
    '"c_u":0.0,"a_i":12.4,"b_i":0.0,"c_i":0.0,"efficiency":97.8,"temperature":44.1,'
    '"power_factor":1.0,"elec_freq":50.01,"active_power":2.95,"reactive_power":-0.002,'
    '"day_cap":14.62,"mppt_power":4.2,"pv1_u":351.2,"pv1_i":6.1,"pv2_u":342.0,'
    '"pv2_i":6.0,"pv3_u":0.0,"pv3_i":0.0,"total_cap":20541.38,'
    '"open_time":1789968000000,"close_time":"N/A","mppt_1_cap":10480.2,'
    '"mppt_2_cap":10233.9,"mppt_3_cap":0.0,"mppt_4_cap":0.0,"run_state":1}'
)
INVERTER_AWAY = json.loads(
    '{"inverter_state":null,"active_power":null,"mppt_power":null,'
    '"total_cap":20541.38,"close_time":"N/A","run_state":0}'
)
SENSOR_DAY = json.loads(
    '{"meter_status":1.0,"meter_u":238.7,"meter_i":7.8,"active_power":1850.0,'
    '"reactive_power":-210.0,"power_factor":0.993,"grid_frequency":50.01,'
    '"active_cap":9120.55,"reverse_active_cap":4310.02,"run_state":1}'
)
BATTERY_DAY = json.loads(
    '{"battery_status":2.0,"max_charge_power":2500.0,"max_discharge_power":2500.0,'
    '"ch_discharge_power":1200.0,"busbar_u":362.4,"battery_soc":64.0,"battery_soh":0.0,'
    '"ch_discharge_model":4.0,"charge_cap":5.31,"discharge_cap":1.84,"run_state":1}'
)
METER_DAY = json.loads(
    '{"ab_u":412.3,"bc_u":411.8,"ca_u":413.0,"a_u":238.0,"b_u":237.6,"c_u":238.4,'
    '"a_i":2.6,"b_i":2.5,"c_i":2.6,"active_power":1.85,"power_factor":0.99,'
    '"active_cap":9120.55,"reverse_active_cap":4310.02,"reactive_power":-0.2,'
    '"grid_frequency":50.0}'
)
DAY = {
    38: (INVERTER, INVERTER_DAY),
    39: (BATTERY, BATTERY_DAY),
    47: (SENSOR, SENSOR_DAY),
}

PLANT_NOW = json.loads(
    '{"stationCode":"NE=71000001","dataItemMap":{"day_power":"18.420",'
    '"month_power":"312.770","total_power":"20541.380","day_income":"5.160",'
    '"total_income":"5751.590","real_health_state":"3"}}'
)
PLANT_DAY = json.loads(
    '{"dataItemMap":{"installed_capacity":6.6,"radiation_intensity":null,'
    '"theory_power":null,"performance_ratio":null,"inverter_power":18.42,'
    '"ongrid_power":9.3,"use_power":15.7,"power_profit":5.16,"perpower_ratio":2.791,'
    '"reduction_total_co2":0.009,"reduction_total_coal":0.007,'
    '"reduction_total_tree":0,"chargeCap":5.3,"dischargeCap":4.9,"selfProvide":9.1},'
    '"stationCode":"NE=71000001","collectTime":1789999200000}'
)
ALARM = {
    "alarmId": 2064,
    "alarmName": "Grid loss",
    "alarmCause": "The grid is away.",
    "causeId": 1,
    "alarmType": 2,
    "lev": 2,
    "status": 1,
    "raiseTime": 1789999200000,
    "repairSuggestion": "Check the grid.",
    "devName": "Inverter-1",
    "devTypeId": 38,
    "esnCode": "TESTINV0001",
    "stationCode": PLANT,
    "stationName": "Sample Roof",
}


def device(kind: int) -> PlantDevice:
    """Return the device of a type."""
    return next(item for item in DEVICES if item.type_id == kind)


def envelope(data: Any, code: int = 0, **more: Any) -> dict[str, Any]:
    """Return an answer."""
    return {
        "data": data,
        "failCode": code,
        "message": None,
        "params": {"currentTime": 1790000000000},
        "success": code == 0,
    } | more


def readings(kind: int, items: Any = None) -> dict[str, Any]:
    """Return the answer about the device of a type, by day or as told."""
    device_id, by_day = DAY[kind]
    serial = device(kind).serial
    row = {"devId": device_id, "sn": serial, "dataItemMap": items or by_day}
    return envelope([row])


RELOGIN: dict[str, Any] = {
    "success": False,
    "data": None,
    "failCode": 305,
    "params": None,
    "message": "USER_MUST_RELOGIN",
}
OLD_RELOGIN = {"failCode": 306, "immediately": True, "message": "USER_MUST_RELOGIN"}
TOO_OFTEN = {
    "data": "ACCESS_FREQUENCY_IS_TOO_HIGH",
    "failCode": 407,
    "params": None,
    "success": False,
}
NO_RIGHT = {
    "data": None,
    "failCode": 401,
    "message": "Invalid access to current interface!",
    "params": None,
    "success": False,
}
WRONG_PASSWORD = {
    "success": False,
    "failCode": 20400,
    "data": None,
    "params": {},
    "message": "user.login.user_or_value_invalid",
}

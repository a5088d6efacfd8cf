"""Answers as the dossier shows them (7.3 to 7.6), for their keys and types."""

import json
from typing import Any

STATIONS = json.loads(
    '{"success":true,"data":{"list":[{"plantCode":"NE=71000001","plantName":'
    '"Sample Roof","plantAddress":"1 Example Street","longitude":"150.123400",'
    '"latitude":"-33.765400","capacity":6.6,"contactPerson":"","contactMethod":"",'
    '"gridConnectionDate":"2023-03-01T10:00:00+10:00"}],"pageCount":1,"pageNo":1,'
    '"pageSize":100,"total":1},"failCode":0,"message":"get plant list success"}'
)
DEVICE_LIST = json.loads(
    '{"data":[{"id":1000000071000011,"devDn":"NE=71000011","devName":"Dongle-1",'
    '"stationCode":"NE=71000001","esnCode":"TESTDNG0001","devTypeId":62,"model":'
    '"SDongleA-05","invType":"SDongleA-05","softwareVersion":"V200R022C10SPC100",'
    '"optimizerNumber":null,"longitude":150.1234,"latitude":-33.7654},'
    '{"id":1000000071000012,"devDn":"NE=71000012","devName":"Inverter-1",'
    '"stationCode":"NE=71000001","esnCode":"TESTINV0001","devTypeId":38,"model":'
    '"SUN2000-5KTL-L1","invType":"SUN2000-5KTL-L1","softwareVersion":'
    '"V200R001C00SPC120","optimizerNumber":0,"longitude":150.1234,'
    '"latitude":-33.7654},'
    '{"id":1000000071000013,"devDn":"NE=71000013","devName":"Battery-1",'
    '"stationCode":"NE=71000001","esnCode":"TESTINV0001-BAT","devTypeId":39,"model":'
    'null,"invType":null,"softwareVersion":null,"optimizerNumber":null,'
    '"longitude":150.1234,"latitude":-33.7654},'
    '{"id":1000000071000014,"devDn":"NE=71000014","devName":"Meter-1","stationCode":'
    '"NE=71000001","esnCode":"TESTMTR0001","devTypeId":47,"model":null,"invType":'
    'null,"softwareVersion":null,"optimizerNumber":null,"longitude":150.1234,'
    '"latitude":-33.7654}],"failCode":0,"message":null,"params":{"currentTime":'
    '1790000000000,"stationCodes":"NE=71000001"},"success":true}'
)
INVERTER = json.loads(
    '{"data":[{"devId":1000000071000012,"sn":"TESTINV0001","dataItemMap":{'
    '"inverter_state":512.0,"ab_u":0.0,"bc_u":0.0,"ca_u":0.0,"a_u":238.6,"b_u":0.0,'
    '"c_u":0.0,"a_i":12.4,"b_i":0.0,"c_i":0.0,"efficiency":97.8,"temperature":44.1,'
    '"power_factor":1.0,"elec_freq":50.01,"active_power":2.95,"reactive_power":'
    '-0.002,"day_cap":14.62,"mppt_power":4.2,"pv1_u":351.2,"pv1_i":6.1,"pv2_u":342.0,'
    '"pv2_i":6.0,"pv3_u":0.0,"pv3_i":0.0,"total_cap":20541.38,"open_time":'
    '1789968000000,"close_time":"N/A","mppt_1_cap":10480.2,"mppt_2_cap":10233.9,'
    '"mppt_3_cap":0.0,"mppt_4_cap":0.0,"run_state":1}}],"failCode":0,"message":null,'
    '"params":{"currentTime":1790000000000,"devIds":"1000000071000012","devTypeId":'
    '38},"success":true}'
)
SENSOR = json.loads(
    '{"meter_status":1.0,"meter_u":238.7,"meter_i":7.8,"active_power":1850.0,'
    '"reactive_power":-210.0,"power_factor":0.993,"grid_frequency":50.01,"active_cap":'
    '9120.55,"reverse_active_cap":4310.02,"run_state":1}'
)
BATTERY = json.loads(
    '{"battery_status":2.0,"max_charge_power":2500.0,"max_discharge_power":2500.0,'
    '"ch_discharge_power":1200.0,"busbar_u":362.4,"battery_soc":64.0,"battery_soh":0.0,'
    '"ch_discharge_model":4.0,"charge_cap":5.31,"discharge_cap":1.84,"run_state":1}'
)
METER = json.loads(
    '{"ab_u":412.3,"bc_u":411.8,"ca_u":413.0,"a_u":238.0,"b_u":237.6,"c_u":238.4,'
    '"a_i":2.6,"b_i":2.5,"c_i":2.6,"active_power":1.85,"power_factor":0.99,'
    '"active_cap":9120.55,"reverse_active_cap":4310.02,"reactive_power":-0.2,'
    '"grid_frequency":50.0}'
)
REAL_KPI = json.loads(
    '{"day_power":"18.420","month_power":"312.770","total_power":"20541.380",'
    '"day_income":"5.160","total_income":"5751.590","real_health_state":"3"}'
)
HOUR = json.loads(
    '{"stationCode":"NE=71000001","collectTime":1789999200000,"dataItemMap":{'
    '"radiation_intensity":null,"theory_power":null,"inverter_power":2.41,'
    '"ongrid_power":1.1,"power_profit":0.67}}'
)
DAY = json.loads(
    '{"dataItemMap":{"installed_capacity":6.6,"radiation_intensity":null,'
    '"theory_power":null,"performance_ratio":null,"inverter_power":18.42,'
    '"ongrid_power":9.3,"use_power":15.7,"power_profit":5.16,"perpower_ratio":2.791,'
    '"reduction_total_co2":0.009,"reduction_total_coal":0.007,'
    '"reduction_total_tree":0,"chargeCap":5.3,"dischargeCap":4.9,"selfProvide":9.1},'
    '"stationCode":"NE=71000001","collectTime":1789999200000}'
)


def shape(value: Any) -> Any:
    """Return types in place of values."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return [shape(item) for item in value]
    return type(value).__name__


def has_shape(value: dict[str, Any], example: dict[str, Any]) -> bool:
    """Whether every key of the example is there with its type; more may be."""
    found = shape({key: value.get(key) for key in example})
    return bool(found == shape(example))

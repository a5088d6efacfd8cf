"""Answers as the dossier shows them (9.2 to 9.5), for their keys, types and values."""

import json
from typing import Any

SITE_LIST: Any = json.loads(
    '{"site_list":[{"site_id":"11111111-2222-4333-8444-00000000000a","site_name":"Bal'
    'cony","site_img":"","device_type_list":[3],"ms_type":1,"power_site_type":2,"is_a'
    'llow_delete":true,"support_device_models":["A17C0","A5143","A1771"],"current_sit'
    'e_device_models":["A17C0"]}]}'
)
SCENE_A: Any = json.loads(
    '{"home_info":{"home_name":"Home","home_img":"","charging_power":"0.00","power_un'
    'it":"W"},"solar_list":[],"pps_info":{"pps_list":[],"total_charging_power":"0.00"'
    ',"power_unit":"W","total_battery_power":"0.00","updated_time":"","pps_status":0}'
    ',"statistics":[{"type":"1","total":"412.35","unit":"kwh"},{"type":"2","total":"4'
    '11.12","unit":"kg"},{"type":"3","total":"123.71","unit":"€"}],"topology_type":"1'
    '","solarbank_info":{"solarbank_list":[{"device_pn":"A17C0","device_sn":"FAKESB1A'
    '00000001","device_name":"Balcony bank","device_img":"","battery_power":"62","bin'
    'd_site_status":"","charging_power":"300","power_unit":"W","charging_status":"3",'
    '"status":"1","wireless_type":"1","main_version":"","photovoltaic_power":"451","o'
    'utput_power":"300","create_time":1700000100,"set_load_power":"","sub_package_num'
    '":0,"output_cutoff_data":10,"is_display":true,"bat_charge_power":"151","pv_name"'
    ':{"micro_inverter_name":"","pv1_name":"PV1","pv2_name":"PV2","pv3_name":"PV3","p'
    'v4_name":"PV4"},"pv_power":null,"feature_switch":null,"heating_power":"0","bat_d'
    'ischarge_power":"0","err_code":0}],"total_charging_power":"151","power_unit":"W"'
    ',"charging_status":"0","total_battery_power":"0.62","updated_time":"2026-05-04 1'
    '1:22:33","total_photovoltaic_power":"451","total_output_power":"300.00","display'
    '_set_power":false,"battery_discharge_power":"0","ac_power":"0","to_home_load":"0'
    '","is_display_data":true,"solar_power_1":"0","solar_power_2":"0","solar_power_3"'
    ':"0","solar_power_4":"0","other_input_power":"0","micro_inverter_power":"0","mic'
    'ro_inverter_power_limit":"0","micro_inverter_low_power_limit":"0","grid_to_batte'
    'ry_power":"0","pei_heating_power":"0","backup_info":{"start_time":0,"end_time":0'
    ',"full_time":0},"use_time_excute_info":{"current_band":"0"}},"retain_load":"300W'
    '","scene_mode":0,"home_load_power":"0","updated_time":"01-01-0001 00:00:00","pow'
    'er_site_type":2,"site_id":"11111111-2222-4333-8444-00000000000a","powerpanel_lis'
    't":[],"grid_info":null,"is_downgrade":false,"error_code":0,"smart_plug_info":nul'
    'l,"feature_switch":{"show_third_party_pv_panel":false},"other_loads_power":"0","'
    'priority_discharge_switch":0,"display_priority_discharge_tips":0,"priority_disch'
    'arge_upgrade_devices":"","style_id":0,"is_show_priority_discharge":1,"solarbank_'
    'pps_info":{"pps_list":null,"total_charging_power":"","total_output_power":"","to'
    'tal_battery_power":"","total_pv_input_power":"","total_home_load_power":"","tota'
    'l_grid_to_battery":"","home":null,"grid":null,"system":null},"user_scene_mode":0'
    ',"is_dynamic_price_down_grade":false,"aiems_profit":null,"switch_0w":0,"err_msg"'
    ':"","third_party_pv":"0","combiner_box_info":{"combiner_box_list":[]},"charging_'
    'pile_info":{"charging_pile_list":[]}}'
)
BIND_A: Any = json.loads(
    '{"data":[{"device_sn":"FAKESB1A00000001","product_code":"A17C0","bt_ble_id":"020'
    '000AABB01","bt_ble_mac":"020000AABB01","device_name":"Solarbank E1600","alias_na'
    'me":"Balcony bank","img_url":"","link_time":1700000050,"wifi_online":true,"wifi_'
    'name":"","relate_type":["ble","wifi"],"charge":false,"bws_surplus":0,"device_sw_'
    'version":"v2.0.9","has_manual":false,"hes_data":null,"tag":"","tag_img":"","plat'
    'form_tag":"","platform_logo":"","rssi":"","intgr_device":null}]}'
)
AUTO_UPGRADE: Any = json.loads(
    '{"main_switch":true,"device_list":[{"device_sn":"FAKESB1A00000001","device_name"'
    ':"Solarbank E1600","auto_upgrade":false,"alias_name":"Balcony bank","icon":""}]}'
)
WIFI_A: Any = json.loads(
    '{"wifi_info_list":[{"wifi_name":"lab-net","wifi_signal":"72","device_sn":"FAKESB'
    '1A00000001","rssi":"","offline":false}]}'
)
CUTOFF: Any = json.loads(
    '{"power_cutoff_data":[{"id":1,"is_selected":1,"output_cutoff_data":10,"lowpower_'
    'input_data":5,"input_cutoff_data":10},{"id":2,"is_selected":0,"output_cutoff_dat'
    'a":5,"lowpower_input_data":4,"input_cutoff_data":5}]}'
)
SOLAR_INFO: Any = json.loads(
    '{"brand_id":"00000000-0000-4000-8000-000000000001","solar_brand":"ANKER","solar_'
    'model":"A5140","solar_sn":"","solar_model_name":"MI60 Microinverter"}'
)
LOAD_A: Any = json.loads(
    '{"site_id":"11111111-2222-4333-8444-00000000000a","home_load_data":{"ranges":[{"'
    'id":0,"start_time":"00:00","end_time":"08:00","turn_on":true,"appliance_loads":['
    '{"id":0,"name":"Custom","power":200,"number":1}],"charge_priority":80,"power_set'
    'ting_mode":1,"device_power_loads":[{"device_sn":"FAKESB1A00000001","power":100}]'
    ',"priority_discharge_switch":0},{"id":0,"start_time":"08:00","end_time":"24:00",'
    '"turn_on":true,"appliance_loads":[{"id":0,"name":"Custom","power":300,"number":1'
    '}],"charge_priority":80,"power_setting_mode":1,"device_power_loads":[{"device_sn'
    '":"FAKESB1A00000001","power":150}],"priority_discharge_switch":0}],"min_load":10'
    '0,"max_load":800,"step":0,"is_charge_priority":0,"default_charge_priority":0,"is'
    '_zero_output_tips":1,"display_advanced_mode":0,"advanced_mode_min_load":0,"is_sh'
    'ow_install_mode":1,"display_priority_discharge_tips":0,"priority_discharge_upgra'
    'de_devices":"","default_home_load":200,"is_show_priority_discharge":1},"current_'
    'home_load":"300W","parallel_home_load":"","parallel_display":false,"priority_dis'
    'charge_switch":0,"display_priority_discharge_tips":0,"is_show_priority_discharge'
    '":1}'
)
PRICE: Any = json.loads(
    '{"site_id":"11111111-2222-4333-8444-00000000000a","price":0.31,"site_co2":0,"sit'
    'e_price_unit":"€","price_type":"fixed","current_mode":0}'
)
ENERGY_SOLARBANK: Any = json.loads(
    '{"power":[{"time":"2026-05-03","value":"0.91","rods":null},{"time":"2026-05-04",'
    '"value":"0.40","rods":null}],"charge_trend":null,"charge_level":null,"forecast_t'
    'rend":null,"power_unit":"wh","charge_total":"2.00","charge_unit":"kwh","discharg'
    'e_total":"1.31","discharge_unit":"kwh","charging_pre":"0","electricity_pre":"0",'
    '"others_pre":"0","statistics":null,"battery_discharging_total":"","solar_to_grid'
    '_total":"","grid_to_home_total":"","ac_out_put_total":"","home_usage_total":"","'
    'solar_total":"","trend_unit":"","battery_to_home_total":"","smart_plug_info":nul'
    'l,"local_time":"","grid_to_battery_total":"","grid_imported_total":"","solar_to_'
    'battery_total":"","solar_to_home_total":"","forecast_total":"","sop_grid_to_batt'
    'ery_total":"","third_solar_to_battery_total":"","pps_list":null,"total_energy_un'
    'it":""}'
)
ENERGY_SOLAR: Any = json.loads(
    '{"power":[{"time":"2026-05-04","value":"2.34","rods":null}],"charge_trend":null,'
    '"charge_level":[],"forecast_trend":[],"power_unit":"wh","charge_total":"1.10","c'
    'harge_unit":"kwh","discharge_total":"1.24","discharge_unit":"kwh","charging_pre"'
    ':"0.32","electricity_pre":"0.68","others_pre":"0","statistics":[{"type":"1","tot'
    'al":"2.34","unit":"kwh"},{"type":"2","total":"2.33","unit":"kg"},{"type":"3","to'
    'tal":"0.73","unit":"€"}],"battery_discharging_total":"","solar_to_grid_total":""'
    ',"grid_to_home_total":"","ac_out_put_total":"","home_usage_total":"","solar_tota'
    'l":"2.3400","trend_unit":"","battery_to_home_total":"","smart_plug_info":null,"l'
    'ocal_time":"","grid_to_battery_total":"","grid_imported_total":"","solar_to_batt'
    'ery_total":"","solar_to_home_total":"","forecast_total":"","sop_grid_to_battery_'
    'total":"","third_solar_to_battery_total":"","pps_list":null,"total_energy_unit":'
    '""}'
)
SCENE_B: Any = json.loads(
    '{"home_info":{"home_name":"Home","home_img":"","charging_power":"0.00","power_un'
    'it":"W"},"solar_list":[],"pps_info":{"pps_list":[],"total_charging_power":"0.00"'
    ',"power_unit":"W","total_battery_power":"0.00","updated_time":"","pps_status":0}'
    ',"statistics":[{"type":"1","total":"220.40","unit":"kwh"},{"type":"2","total":"2'
    '19.74","unit":"kg"},{"type":"3","total":"70.53","unit":"€"}],"topology_type":"1"'
    ',"solarbank_info":{"solarbank_list":[{"device_pn":"A17C0","device_sn":"FAKESB1B0'
    '0000001","device_name":"Left bank","device_img":"","battery_power":"55","bind_si'
    'te_status":"","charging_power":"150","power_unit":"W","charging_status":"3","sta'
    'tus":"1","wireless_type":"1","main_version":"","photovoltaic_power":"210","outpu'
    't_power":"150","create_time":1700000100,"set_load_power":"150","sub_package_num"'
    ':0,"output_cutoff_data":10,"is_display":true,"bat_charge_power":"60","pv_name":{'
    '"micro_inverter_name":"","pv1_name":"PV1","pv2_name":"PV2","pv3_name":"PV3","pv4'
    '_name":"PV4"},"pv_power":null,"feature_switch":null,"heating_power":"0","bat_dis'
    'charge_power":"0","err_code":0},{"device_pn":"A17C0","device_sn":"FAKESB1B000000'
    '02","device_name":"Right bank","device_img":"","battery_power":"48","bind_site_s'
    'tatus":"","charging_power":"150","power_unit":"W","charging_status":"3","status"'
    ':"1","wireless_type":"1","main_version":"","photovoltaic_power":"190","output_po'
    'wer":"150","create_time":1700000100,"set_load_power":"150","sub_package_num":0,"'
    'output_cutoff_data":10,"is_display":true,"bat_charge_power":"40","pv_name":{"mic'
    'ro_inverter_name":"","pv1_name":"PV1","pv2_name":"PV2","pv3_name":"PV3","pv4_nam'
    'e":"PV4"},"pv_power":null,"feature_switch":null,"heating_power":"0","bat_dischar'
    'ge_power":"0","err_code":0}],"total_charging_power":"100","power_unit":"W","char'
    'ging_status":"0","total_battery_power":"0.52","updated_time":"2026-05-04 10:20:3'
    '0","total_photovoltaic_power":"400","total_output_power":"300.00","display_set_p'
    'ower":true,"battery_discharge_power":"0","ac_power":"0","to_home_load":"0","is_d'
    'isplay_data":true,"solar_power_1":"0","solar_power_2":"0","solar_power_3":"0","s'
    'olar_power_4":"0","other_input_power":"0","micro_inverter_power":"0","micro_inve'
    'rter_power_limit":"0","micro_inverter_low_power_limit":"0","grid_to_battery_powe'
    'r":"0","pei_heating_power":"0","backup_info":{"start_time":0,"end_time":0,"full_'
    'time":0},"use_time_excute_info":{"current_band":"0"}},"retain_load":"300W","scen'
    'e_mode":0,"home_load_power":"0","updated_time":"01-01-0001 00:00:00","power_site'
    '_type":2,"site_id":"11111111-2222-4333-8444-00000000000b","powerpanel_list":[],"'
    'grid_info":null,"is_downgrade":false,"error_code":0,"smart_plug_info":null,"feat'
    'ure_switch":{"show_third_party_pv_panel":false},"other_loads_power":"0","priorit'
    'y_discharge_switch":0,"display_priority_discharge_tips":0,"priority_discharge_up'
    'grade_devices":"","style_id":0,"is_show_priority_discharge":1,"solarbank_pps_inf'
    'o":{"pps_list":null,"total_charging_power":"","total_output_power":"","total_bat'
    'tery_power":"","total_pv_input_power":"","total_home_load_power":"","total_grid_'
    'to_battery":"","home":null,"grid":null,"system":null},"user_scene_mode":0,"is_dy'
    'namic_price_down_grade":false,"aiems_profit":null,"switch_0w":0,"err_msg":"","th'
    'ird_party_pv":"0","combiner_box_info":{"combiner_box_list":[]},"charging_pile_in'
    'fo":{"charging_pile_list":[]}}'
)
LOAD_B: Any = json.loads(
    '{"site_id":"11111111-2222-4333-8444-00000000000b","home_load_data":{"ranges":[{"'
    'id":0,"start_time":"00:00","end_time":"10:00","turn_on":true,"appliance_loads":['
    '{"id":0,"name":"Custom","power":200,"number":1}],"charge_priority":80,"power_set'
    'ting_mode":1,"device_power_loads":[{"device_sn":"FAKESB1B00000001","power":100},'
    '{"device_sn":"FAKESB1B00000002","power":100}],"priority_discharge_switch":0},{"i'
    'd":0,"start_time":"10:00","end_time":"24:00","turn_on":true,"appliance_loads":[{'
    '"id":0,"name":"Custom","power":300,"number":1}],"charge_priority":80,"power_sett'
    'ing_mode":1,"device_power_loads":[{"device_sn":"FAKESB1B00000001","power":150},{'
    '"device_sn":"FAKESB1B00000002","power":150}],"priority_discharge_switch":0}],"mi'
    'n_load":100,"max_load":800,"step":0,"is_charge_priority":1,"default_charge_prior'
    'ity":80,"is_zero_output_tips":0,"display_advanced_mode":1,"advanced_mode_min_loa'
    'd":50,"is_show_install_mode":1,"display_priority_discharge_tips":0,"priority_dis'
    'charge_upgrade_devices":"","default_home_load":200,"is_show_priority_discharge":'
    '1},"current_home_load":"300W","parallel_home_load":"150W","parallel_display":tru'
    'e,"priority_discharge_switch":0,"display_priority_discharge_tips":0,"is_show_pri'
    'ority_discharge":1}'
)
SITE_LIST_C: Any = json.loads(
    '{"site_list":[{"site_id":"11111111-2222-4333-8444-00000000000c","site_name":"Roo'
    'f","site_img":"","device_type_list":[3,6],"ms_type":1,"power_site_type":5,"is_al'
    'low_delete":true,"support_device_models":["A17C1","A17X7","A17X8","SHEM3","SHEMP'
    '3"],"current_site_device_models":["A17C1","A17X7"]}]}'
)
SCENE_C: Any = json.loads(
    '{"home_info":{"home_name":"Home","home_img":"","charging_power":"0.00","power_un'
    'it":"W"},"solar_list":[],"pps_info":{"pps_list":[],"total_charging_power":"0.00"'
    ',"power_unit":"W","total_battery_power":"0.00","updated_time":"","pps_status":0}'
    ',"statistics":[{"type":"1","total":"301.10","unit":"kWh"},{"type":"2","total":"3'
    '00.20","unit":"kg"},{"type":"3","total":"96.35","unit":"€"}],"topology_type":"1"'
    ',"solarbank_info":{"solarbank_list":[{"device_pn":"A17C1","device_sn":"FAKESB2C0'
    '0000001","device_name":"Roof bank","device_img":"","battery_power":"57","bind_si'
    'te_status":"","charging_power":"430","power_unit":"W","charging_status":"0","sta'
    'tus":"1","wireless_type":"1","main_version":"","photovoltaic_power":"612","outpu'
    't_power":"430","create_time":1700000100,"set_load_power":"","sub_package_num":1,'
    '"output_cutoff_data":10,"is_display":true,"bat_charge_power":"182","pv_name":{"m'
    'icro_inverter_name":"","pv1_name":"PV1","pv2_name":"PV2","pv3_name":"PV3","pv4_n'
    'ame":"PV4"},"pv_power":null,"feature_switch":{},"heating_power":"0","bat_dischar'
    'ge_power":"0","err_code":0}],"total_charging_power":"182","power_unit":"W","char'
    'ging_status":"0","total_battery_power":"0.57","updated_time":"2026-05-04 12:00:0'
    '5","total_photovoltaic_power":"612","total_output_power":"430.00","display_set_p'
    'ower":false,"battery_discharge_power":"0","ac_power":"0","to_home_load":"430","i'
    's_display_data":true,"solar_power_1":"160","solar_power_2":"150","solar_power_3"'
    ':"152","solar_power_4":"150","other_input_power":"0","micro_inverter_power":"0",'
    '"micro_inverter_power_limit":"0","micro_inverter_low_power_limit":"0","grid_to_b'
    'attery_power":"0","pei_heating_power":"0","backup_info":{"start_time":0,"end_tim'
    'e":0,"full_time":0},"use_time_excute_info":{"current_band":"0"}},"retain_load":"'
    '0W","scene_mode":1,"home_load_power":"505","updated_time":"01-01-0001 00:00:00",'
    '"power_site_type":5,"site_id":"11111111-2222-4333-8444-00000000000c","powerpanel'
    '_list":[],"grid_info":{"grid_list":[{"device_pn":"A17X7","device_sn":"FAKEMETER0'
    '000001","device_name":"Main meter","device_img":"","create_time":1719000000,"sta'
    'tus":"1","bind_site_status":"","wireless_type":""}],"photovoltaic_to_grid_power"'
    ':"0","grid_to_home_power":"75","grid_status":0,"has_history_data":true},"is_down'
    'grade":false,"error_code":0,"smart_plug_info":null,"feature_switch":{"show_third'
    '_party_pv_panel":false},"other_loads_power":"505","priority_discharge_switch":0,'
    '"display_priority_discharge_tips":0,"priority_discharge_upgrade_devices":"","sty'
    'le_id":0,"is_show_priority_discharge":0,"solarbank_pps_info":{"pps_list":null,"t'
    'otal_charging_power":"","total_output_power":"","total_battery_power":"","total_'
    'pv_input_power":"","total_home_load_power":"","total_grid_to_battery":"","home":'
    'null,"grid":null,"system":null},"user_scene_mode":1,"is_dynamic_price_down_grade'
    '":false,"aiems_profit":null,"switch_0w":0,"err_msg":"","third_party_pv":"0","com'
    'biner_box_info":{"combiner_box_list":[]},"charging_pile_info":{"charging_pile_li'
    'st":[]}}'
)
PARAM_C: Any = json.loads(
    '{"mode_type":1,"custom_rate_plan":[{"index":0,"week":[0,6],"ranges":[{"start_tim'
    'e":"00:00","end_time":"24:00","power":150}]},{"index":1,"week":[1,2,3,4,5],"rang'
    'es":[{"start_time":"00:00","end_time":"07:00","power":100},{"start_time":"07:00"'
    ',"end_time":"24:00","power":250}]}],"blend_plan":null,"use_time":null,"manual_ba'
    'ckup":null,"default_home_load":200,"max_load":800,"min_load":0,"step":10}'
)
BIND_C: Any = json.loads(
    '{"data":[{"device_sn":"FAKESB2C00000001","product_code":"A17C1","bt_ble_id":"020'
    '000AABB21","bt_ble_mac":"020000AABB21","device_name":"Solarbank 2 E1600 Pro","al'
    'ias_name":"Roof bank","img_url":"","link_time":1700000050,"wifi_online":true,"wi'
    'fi_name":"","relate_type":["ble","wifi"],"charge":false,"bws_surplus":0,"device_'
    'sw_version":"v1.0.3.30","has_manual":false,"hes_data":null,"tag":"","tag_img":""'
    ',"platform_tag":"","platform_logo":"","rssi":"","intgr_device":null},{"device_sn'
    '":"FAKEMETER0000001","product_code":"A17X7","bt_ble_id":"020000AABB22","bt_ble_m'
    'ac":"020000AABB22","device_name":"Smart Meter","alias_name":"Main meter","img_ur'
    'l":"","link_time":1700000050,"wifi_online":true,"wifi_name":"","relate_type":["b'
    'le","wifi"],"charge":false,"bws_surplus":0,"device_sw_version":"v0.1.7","has_man'
    'ual":false,"hes_data":null,"tag":"","tag_img":"","platform_tag":"","platform_log'
    'o":"","rssi":"","intgr_device":null}]}'
)
WIFI_C: Any = json.loads(
    '{"wifi_info_list":[{"wifi_name":"lab-net","wifi_signal":"70","device_sn":"FAKESB'
    '2C00000001","rssi":"-58","offline":false,"is_support_wired":false,"wired_connect'
    'ed":false},{"wifi_name":"lab-net","wifi_signal":"83","device_sn":"FAKEMETER00000'
    '01","rssi":"-51","offline":false,"is_support_wired":false,"wired_connected":fals'
    "e}]}"
)
ATTRIBUTES: Any = json.loads('{"device_sn":"FAKESB2C00000001","attributes":{}}')
ENERGY_HOME: Any = json.loads(
    '{"power":[{"time":"2026-05-04","value":"4.62","rods":null}],"charge_trend":null,'
    '"charge_level":null,"forecast_trend":null,"power_unit":"wh","charge_total":"","c'
    'harge_unit":"kwh","discharge_total":"","discharge_unit":"kwh","charging_pre":"",'
    '"electricity_pre":"","others_pre":"","statistics":null,"battery_discharging_tota'
    'l":"0.85","solar_to_grid_total":"","grid_to_home_total":"1.90","ac_out_put_total'
    '":"","home_usage_total":"4.62","solar_total":"","trend_unit":"kwh","battery_to_h'
    'ome_total":"0.84","smart_plug_info":{"smartplug_list":[],"total_power":"0.00"},"'
    'local_time":"","grid_to_battery_total":"","grid_imported_total":"","solar_to_bat'
    'tery_total":"","solar_to_home_total":"1.88","forecast_total":"","sop_grid_to_bat'
    'tery_total":"","third_solar_to_battery_total":"","pps_list":null,"total_energy_u'
    'nit":""}'
)
ENERGY_GRID: Any = json.loads(
    '{"power":[{"time":"2026-05-04","value":"-0.12","rods":null}],"charge_trend":[{"t'
    'ime":"2026-05-04","value":"1.90","rods":null}],"charge_level":null,"forecast_tre'
    'nd":null,"power_unit":"wh","charge_total":"","charge_unit":"kwh","discharge_tota'
    'l":"","discharge_unit":"kwh","charging_pre":"","electricity_pre":"","others_pre"'
    ':"","statistics":null,"battery_discharging_total":"","solar_to_grid_total":"0.12'
    '","grid_to_home_total":"1.90","ac_out_put_total":"","home_usage_total":"","solar'
    '_total":"","trend_unit":"kwh","battery_to_home_total":"","smart_plug_info":null,'
    '"local_time":"","grid_to_battery_total":"0.00","grid_imported_total":"1.90","sol'
    'ar_to_battery_total":"","solar_to_home_total":"","forecast_total":"","sop_grid_t'
    'o_battery_total":"","third_solar_to_battery_total":"","pps_list":null,"total_ene'
    'rgy_unit":""}'
)
BIND_D: Any = json.loads(
    '{"data":[{"device_sn":"FAKEMI800001","product_code":"A5143","bt_ble_id":"020000A'
    'ABB31","bt_ble_mac":"020000AABB31","device_name":"MI80 Microinverter(BLE)","alia'
    's_name":"Fence inverter","img_url":"","link_time":1700000050,"wifi_online":false'
    ',"wifi_name":"lab-net","relate_type":["ble"],"charge":false,"bws_surplus":0,"dev'
    'ice_sw_version":"v0.0.1","has_manual":false,"hes_data":null,"tag":"","tag_img":"'
    '","platform_tag":"","platform_logo":"","rssi":"","intgr_device":null}]}'
)
PV_STATUS: Any = json.loads(
    '{"pvStatuses":[{"sn":"FAKEMI800001","power":287,"status":1}]}'
)
PV_TOTALS: Any = json.loads(
    '{"energy":58.4,"energyUnit":"kWh","reductionCo2":58,"reductionCo2Unit":"kg","sav'
    'eMoney":18.7,"saveMoneyUnit":"€","powerConfig":"600W","powerPopUpFlag":0}'
)
PV_PRICE: Any = json.loads(
    '{"currencyUnit":"€","tieredElecPrices":[{"from":"00:00","to":"23:59","price":0.3'
    "2}]}"
)
PV_STATISTICS: Any = json.loads(
    '{"curve":[],"energy":[{"money":0,"energy":2.1,"index":1},{"money":0,"energy":0.7'
    ',"index":2}],"energyUnit":"kWh","solarGeneraion":2.8,"money":0.9,"moneyUnit":"€"'
    ',"loadPercent":"","ppsPercent":"","generationTime":0,"maxPower":0}'
)
LOGIN: Any = json.loads(
    '{"code":0,"msg":"success!","data":{"user_id":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1'
    'a1a1a1","email":"tester@example.invalid","nick_name":"tes***","auth_token":"0f1e'
    '2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978","token_expires_at":1780604800,"ava'
    'tar":"","mac_addr":"","domain":"","ab_code":"DE","token_id":1,"geo_key":"","priv'
    'ilege":0,"phone_code":"","phone":"","phone_number":"","phone_code_2fa":"","phone'
    '_2fa":"","server_secret_info":{"public_key":"04c5c00c4f8d1197cc7c3167c52bf7acb05'
    "4d722f0ef08dcd7e0883236e0d72a3868d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41"
    'db0161651c7c076"},"params":[],"trust_list":null,"fa_info":{"step":0,"info":""},"'
    'country_code":"","ap_cloud_user_id":""},"trace_id":"0123456789abcdef0123456789ab'
    'cdef"}'
)


def differences(value: Any, example: Any, path: str = "") -> list[str]:
    """Return where keys or types are not those of the example.

    An empty list and null of an example say nothing of what might be there.
    """
    if example is None or example == []:
        return []
    if isinstance(example, dict) and isinstance(value, dict):
        found = [f"{path}.{key}" for key in sorted(value.keys() ^ example.keys())]
        for key in value.keys() & example.keys():
            found += differences(value[key], example[key], f"{path}.{key}")
        return found
    if isinstance(example, list) and isinstance(value, list):
        return [
            difference
            for item in value
            for difference in differences(item, example[0], f"{path}[]")
        ]
    numbers = (int, float)
    if type(value) in numbers and type(example) in numbers:
        return []
    return [] if type(value) is type(example) else [path]

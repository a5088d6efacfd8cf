"""The fake Anker Solix cloud ("Anker Power").

Endpoint labels, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`:

login; site_list, scene_info, homepage, site_detail, site_rules, user_devices,
charging_devices, co2_ranking, forecast_schedule, message_unread, currency_list;
bind_devices, wifi_list, get_cutoff, set_cutoff, solar_info, compatible_process,
ota_info, ota_update, ota_batch, upgrade_record, get_device_load, set_device_load,
fittings, get_auto_upgrade, set_auto_upgrade, get_device_attrs, set_device_attrs,
brand_list, vehicle_list; get_device_parm, set_device_parm; energy_analysis,
home_load_chart; get_site_price, update_site_price, power_limit, price_available,
price_options, price_detail, ai_ems_status, ai_ems_profit; pv_status, pv_total,
pv_statistics, pv_price, set_pv_price, set_aps_power; panel_running_info,
panel_statistics, hes_running_info, hes_statistics; mqtt_info, product_categories,
product_accessories.
Whatever else is asked for is `unknown`.

Sections named in comments are those of the vendor's dossier.
"""

from .behaviour import Behaviour
from .cloud import AnkerCloud
from .crypto import VENDOR_KEY
from .fixtures import FIXTURES, OWNED
from .hands import Truth
from .specs import InverterSpec, SiteSpec

__all__ = [
    "FIXTURES",
    "OWNED",
    "VENDOR_KEY",
    "AnkerCloud",
    "Behaviour",
    "InverterSpec",
    "SiteSpec",
    "Truth",
]

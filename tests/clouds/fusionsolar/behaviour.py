"""Every open question about the real cloud, as a switch.

The numbers in comments are sections of the vendor's dossier. The first value of
each choice is the likelier one and the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

type Missing = Literal["null", "absent", "N/A"]


@dataclass(slots=True)
class Behaviour:
    """What the fake does where the real cloud is not known, or not one.

    May be changed while it runs, best with `cloud.change()`: what the houses did
    until then is not undone.
    """

    # Hosts (1.7, 10.8): a web host has no API
    host: Literal["api", "html", "missing"] = "api"

    # Login (1.2, 1.3, 1.5, 10.4)
    token_delivery: Literal["both", "header", "cookie"] = "both"
    token_life_s: float = 1800.0
    token_life: Literal["fixed", "sliding"] = "fixed"
    relogin: Literal[305, 306] = 305  # 306: the body of older gateways
    login_notice: str | None = None  # a message that is no error
    login_form: Literal["new", "2019"] = "new"
    unknown_user: Literal[20400, "empty"] = 20400
    locked_message: str = "user.login.user_or_value_invalid_lock_default"

    # Quotas (4, 7.1)
    quotas: bool = True
    quota_window: Literal["sliding", "fixed"] = "sliding"
    device_quota: Literal["pooled", "per_type"] = "pooled"
    refused_counts: bool = False
    one_per_minute: bool = True
    control_per_day: int = 100  # 20618 beyond
    control_quota: Literal["pooled", "per_interface"] = "pooled"

    # Lists (2.1, 2.4)
    station_list_row: Literal["station", "plant"] = "station"
    coordinates: Literal["text", "number"] = "text"  # of `stations`
    new_columns: bool = True  # devDn, model, optimizerNumber; sn of readings

    # Rights (1.8, 7.5)
    missing_rights: Literal["null", "empty"] = "null"
    unknown_plant: Literal["omitted", 20045] = "omitted"
    # The peer's own tests against the real cloud ask so and see no refusal.
    all_unknown: Literal["empty", 20045, 20007] = "empty"

    # Readings (2.2, 2.5, 3, 10)
    row_order: Literal["asked", "reversed"] = "asked"
    real_kpi_values: Literal["text", "number"] = "text"
    real_kpi_energies: bool = False  # day_on_grid_energy, day_use_energy
    real_kpi_power: bool = False  # active_power, 10.6
    sensor_sign: Literal["export", "import"] = "export"  # positive, 10.1
    emma_sign: Literal["import", "export"] = "import"  # positive, 10.1
    meter_unit: Literal["kW", "W"] = "kW"  # grid meter, 10.2
    phase_unit: Literal["W", "kW"] = "W"  # active_power_a/b/c of the sensor
    ess_sign: Literal["discharge", "charge"] = "discharge"  # positive, 10.3
    battery_in_ac: Literal["both", "residential"] = "both"  # inverter types, 10.5
    hybrid_yield: Literal["pv", "with_battery"] = "pv"  # total_cap, inverter_power
    offline_values: Missing = "null"  # 10.7
    night_values: Literal["zero", "null", "absent", "N/A"] = "zero"  # no battery
    not_applicable: Literal["N/A", "null"] = "N/A"  # close_time by day
    night_hours: Literal["zero", "null"] = "zero"  # inverter_power of the hour
    yield_keys: bool = False  # PVYield, inverterYield
    dc_loss: float = 0.022  # from the panels to AC; at the battery there is none
    tariff: float = 0.28  # of the plant's currency per kWh, for all that is earned

    # Time (2, 2.5, 7.1): a mark is told so many s after it; None: drawn by plant
    publication_s: float | None = None
    publication_jitter_s: float = 5.0
    type_lag_s: Mapping[int, float] = field(default_factory=dict)  # by devTypeId
    collect_time: Literal["local", "utc"] = "local"  # what a day starts with

    # Control (2.9, 7.8, 10.9)
    task_s: float = 60.0  # until an asynchronous task ends
    task_running: Literal["row", 20615] = "row"
    dispatch_delay_s: float = 60.0
    dispatch_refresh_s: float = 180.0
    dispatch_row_s: float = 0.0  # until its status has a row
    dispatch_model: Literal["forced", "kept"] = "forced"  # ch_discharge_model
    stop_number: bool = True  # a stop is answered with a requestID
    limits_echo: Literal["nested", "flat", "none"] = "nested"  # of its task-info
    configuration_lag_s: float = 0.0  # of what is read, after SUCCESS
    dispatch_again: Literal["replaces", "refused"] = "replaces"
    same_feed_in: Literal[2, 0] = 2  # the value is set already
    partly_success: bool = False  # `success` beside failCode 1
    tou_discharge: Literal["self_use", "forced"] = "self_use"
    tou_outside: Literal["hold", "self_use"] = "hold"  # outside all windows

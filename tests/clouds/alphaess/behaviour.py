"""Every open question about the real cloud, as a switch.

The numbers in comments are sections of the vendor's dossier. The first value of
each choice is the likelier one and the default.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """What the fake does where the real cloud is not known, or not one.

    May be changed while it runs. What the houses did until the last look is not
    undone, so look (or move the clock in small steps) before a change.
    """

    # Signing (1.1, 1.3, 10.1)
    clock_window_s: float = 300.0
    skew_answer: Literal[6009, 6006] = 6009
    auth_body: Literal["two_keys", "envelope"] = "two_keys"
    localised: Literal["none", "errors", "all"] = "none"  # msg in Chinese
    whitelist: frozenset[str] | None = None  # addresses that may ask; None: all

    # Limits (3, 10.2, 10.9): 6053 within so many seconds
    write_gap_s: float = 30.0  # per SN and direction; 86400 is documented
    call_gap_s: float = 0.0  # per appId, of all calls; 10 is advised

    # Answers (2.1 to 2.5, 2.10)
    single_system: Literal["list", "object"] = "list"
    two_decimals: bool = False  # live and history powers as 4102.00
    string_numbers: Literal["accepted", 6001] = "accepted"  # "95" in a write
    currentsetting_text: bool = False  # "32.0" in the answer
    ev_status: Literal["object", "list"] = "object"
    unknown_charger: Literal[6016, 6001] = 6016
    ev_in_load: bool = True

    # Live power (2.2, 3)
    live_block_s: float = 30.0  # a new sample so often; not below the house's 30 s
    offline: Literal[6042, "nulls"] = 6042
    offline_write: Literal[6042, 6008, "accepted"] = 6042  # accepted: obeyed when back

    # History and energies (2.3, 2.4)
    history_order: Literal["newest_first", "oldest_first", "shuffled"] = "newest_first"
    history_duplicates: bool = False
    history_ppv: Literal["true", "zero"] = "true"  # some G3 read 0.0 all day
    unknown_day: Literal["empty", "null"] = "empty"
    midnight: Literal["true", "zeros", "null"] = "true"
    midnight_min: float = 20.0  # minutes before and after local midnight

    # Summary (2.5, 10.6)
    today: Literal["local", "utc"] = "local"
    new_backend: bool = False  # lifetime, incomes, shares and currency are null
    money: Literal["iso", "symbol", "null"] = "iso"

    # Settings on their way (2.6 to 2.8, 3)
    inverter_delay_s: float = 60.0  # from a write to the inverter, 60 to 300
    read_back_delay_s: float = 0.0  # from a write to the read

    # Settings that are accepted (2.6 to 2.8, 10.4, 10.5)
    off_grid: Literal["ignored", 6008, 6001] = "ignored"
    periodic_grid_min: Literal[15, 1] = 15
    legacy_overlap: Literal["accepted", 6008] = "accepted"  # periodic: always 6008
    midnight_windows: Literal["ignored", "executed"] = "ignored"
    end_24_00: Literal[6001, "accepted"] = 6001
    omitted_field: Literal["reset", 6001] = "reset"  # of a legacy write
    omitted_flag: Literal["kept", "off"] = "kept"  # of a periodic write
    extra_period_keys: Literal["ignored", 6001] = "ignored"
    flags_read: Literal["zero", "true"] = "zero"

    # Settings that are obeyed (2.6 to 2.8, 8, 10.3)
    legacy_store: Literal["obeyed", "discharge_ignored", "ignored"] = "obeyed"
    legacy_on_periodic: Literal["ignored", "conflicts"] = "ignored"
    app_save_needed: bool = False  # what the API wrote waits for Save in the app
    ctr_dis_without_window: Literal["blocks", "free"] = "blocks"
    period_without_power: Literal["inert", "full"] = "inert"
    periodic_discharge: Literal["forced", "permission"] = "forced"

    # Chargers (2.10, 10.8)
    ev_wrong_state: Literal[6029, 200] = 6029  # start or stop where it cannot be
    ev_finish_s: float = 60.0  # a stopped charger is Finishing, then Preparing
    current_range_a: tuple[float, float] = (6.0, 32.0)

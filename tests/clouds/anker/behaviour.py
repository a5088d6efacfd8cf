"""Switches of the fake Anker cloud: what the dossier leaves open, and variants (14)."""

from dataclasses import dataclass
from typing import Literal

type KickForm = Literal["401", "401_html", "403", "200"]


@dataclass(slots=True)
class Behaviour:
    """How the cloud behaves where versions, firmware or reports differ.

    May be changed while it runs, best with `cloud.change()`: what the houses did
    until then is not undone.
    """

    # Login (2, 9.1): `opaque` takes what was encrypted for the vendor's own key
    crypto: Literal["real", "opaque"] = "real"
    login: Literal["ok", 26052, 100032, "no_data"] = "ok"
    wrong_password: Literal[26156, 26108, 26055] = 26156
    most_failures: int = 10  # of an e-mail address, then 100053
    most_failures_of_address: int = 10  # of an IP address, without a success
    lock_hours: int = 1
    lock_prolongs: bool = True  # by every try
    token_life_s: float = 604800.0
    single_token: bool = True  # False: owners since mid-2025
    kick_form: KickForm = "401"  # how a dead token is told
    strict_headers: bool = True

    # Limits (3.3)
    rate_limit: bool = True
    calls_per_minute: int = 10  # per endpoint and address

    # Prices (4.10): what a write leaves out is lost
    price_replaces: bool = False

    # Paths and types that nobody knows (9.1.1, 4.12)
    unknown_path: Literal[10004, 404] = 10004
    enforced_type: Literal[400, "served"] = 400  # param type 9
    member_refusal: Literal[10003, 160003] = 160003  # what no member ever asked (9.6)

    # Publication (6, 9.7); None: 60 s on a Solarbank 1, 300 s on later ones
    report_every_s: float | None = None
    publication_s: float = 2.0
    publication_jitter_s: float = 0.0

    # Settings (5.2, 9.7); None: 60 s on a Solarbank 1, 300 s on later ones
    stored_after_s: float = 0.0  # until a read gives what was written
    shows_after_s: float | None = None  # until retain_load, scene_mode follow
    acts_after_s: float | None = None  # until the device follows
    lies: bool = False  # writes are answered, and nothing is kept
    full_day_trap: bool = True  # one slot of 24 h, not by the app: 0 W (5.2)
    backup_switches_off: bool = True  # manual_backup, when it is over

    # Energies (4.9, 11.1)
    late_midnight_s: float = 0.0
    power_unit: str = "wh"
    failing_kinds: frozenset[str] = frozenset()  # answer -1

    # Records of other times (9.2 to 9.4, 10)
    old_firmware: bool = False  # of Solarbank 1: no field that came after 2023
    invalid: bool = False  # is_display_data false
    epoch: bool = False  # updated_time 1970
    empty_strings: bool = False  # "" for powers of the banks
    newest: bool = False  # fields of lists that came late in 2025
    wifi_keyed: bool = True  # device_sn in the Wi-Fi list
    own_ms_type: Literal[0, 1] = 1

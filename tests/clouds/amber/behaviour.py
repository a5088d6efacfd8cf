"""Every open question about the real cloud, as a switch.

The numbers in comments are sections of the vendor's dossier. The first value of
each choice is the likelier one and the default. Shares are 0..1 of all intervals
or days, and drawn from the seed.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """What the fake does where the real cloud is not known, or not one.

    May be changed while it runs.
    """

    # Access (2.3)
    bad_token: Literal[403, 401] = 403  # a token that is wrong or was revoked

    # Limit (2.1, 2.2): per account
    limit: int = 50
    window_s: int = 300
    blocked: Literal["window", "extended"] = "window"  # extended: by every refusal
    policy: Literal["plain", "rich"] = "plain"  # rich: with a second parameter
    header_case: Literal["title", "lower"] = "title"  # lower: as over HTTP/2
    rate_headers: bool = True

    # Queries (1.2)
    default_resolution: Literal["site", 30] = "site"
    resolution_30: Literal["honoured", "ignored"] = "honoured"  # on 5-minute sites
    usage_days: Literal[7, 30, 90] = 7  # endDate - startDate, else 422
    bad_date: Literal[400, 502] = 400
    midnight_502: bool = True  # /prices without startDate after 23:49 NEM
    inactive_prices: Literal["empty", 404] = "empty"  # pending or closed sites

    # Publication of the current price (2.4)
    publication: Literal["measured", "never"] = "measured"
    publication_s: float | None = None  # the same for all intervals
    streak_share: float = 0.01  # of intervals that come 40 s to 230 s late
    changed_share: float = 0.0  # another price is shown after confirmation
    estimated_spike: Literal["potential", "spike"] = "potential"

    # Forecasts (1.2, 1.5, 3)
    horizon: Literal["predispatch", "long"] = "predispatch"  # 16 to 40 h; 40 h
    range_shown: Literal["far", "late_in_minute", "never"] = "far"
    outage: Literal["none", "actuals", "empty"] = "none"  # at AEMO
    lost_actuals_share: float = 0.0  # answers without what `previous` asked for

    # Fields (1.5)
    optional: Literal["absent", "null"] = "absent"
    tariff_on: Literal["general", "all"] = "general"  # tariffInformation
    below_zero: Literal["extremelyLow", "negative"] = "extremelyLow"  # descriptor

    # Usage (1.2, 1.7): days arrive the next day
    usage_hour: float = 3.0  # NEM hour at which a day arrives, plus up to 20 min
    usage_late_share: float = 0.02  # days that come one to three days later
    usage_gap_share: float = 0.02  # days whose rows are not complete at first
    usage_estimated_share: float = 0.1  # rows that are corrected two days later
    usage_today: Literal["empty", "partial"] = "empty"
    feed_in_kwh: Literal["positive", "negative"] = "positive"

    # WebSocket (2.5)
    websocket: bool = True  # enabled for the account
    websocket_estimates: bool = False  # also pushes what is not confirmed
    websocket_lag_s: float = 1.0  # from publication to push
    websocket_lost_share: float = 0.0  # intervals that are never pushed
    websocket_ack: Literal["status", "type"] = "status"
    websocket_site_id: bool = True  # siteId in a push

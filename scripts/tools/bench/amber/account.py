"""What a bench asks the integration about an Amber account."""

from functools import partial

from ..subject import ours
from .prices import final_since

SUBJECT = ours(
    "amber",
    partial(final_since, ending="_general_usage_price"),
    unawaited=("_this_month",),
)

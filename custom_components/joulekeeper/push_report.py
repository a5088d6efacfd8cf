"""Diagnostics of a push target: what was told last and what came of it, no key."""

from dataclasses import asdict
from typing import Any

from .core.flow import SiteFlow
from .core.redact import Redactor
from .push import CONF_SOURCE, Pusher
from .push_picked import CONF_ENTITIES


def push_report(pusher: Pusher) -> dict[str, Any]:
    """Return everything that a maintainer needs to understand a push.

    Of a site only its flow is there, not which one it is.
    """
    entry, read = pusher.entry, pusher.read()
    report = {
        "target": pusher.spec.key,
        "options": dict(entry.options),
        "source": entry.data[CONF_SOURCE].get(CONF_ENTITIES, "site"),
        "read": asdict(read) if isinstance(read, SiteFlow) else read.value,
        "flow": pusher.flow and asdict(pusher.flow),
        "payload": pusher.payload and dict(pusher.payload),
        "last_push": pusher.last_push,
        "result": pusher.result and pusher.result.value,
        "calls": dict(pusher.target.calls),
    }
    redactor = Redactor(
        keys={item.key for item in pusher.spec.fields if item.secret},
        secrets=pusher.target.secrets,
        identities=(),
    )
    scrubbed: dict[str, Any] = redactor.data(report)
    return scrubbed

"""One full read by our clients and by libraries that others wrote, in turns."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

from .figures import Figure
from .isolate import Job, run
from .plan import LATENCIES_MS
from .report import Comparison

_VENDORS: Final = ("redback", "alphaess", "fusionsolar")


def comparisons(*, quick: bool, say: Callable[[str], None]) -> Iterator[Comparison]:
    """Measure, and yield a table for each vendor."""
    options = {"rounds": 2 if quick else 15, "latencies_ms": LATENCIES_MS}
    for vendor in _VENDORS:
        say(f"reads: {vendor}")
        reads = run(Job(vendor, "read", "peer", options))["reads"]
        columns = [f"at {latency} ms" for latency in LATENCIES_MS]
        names = dict.fromkeys(item["who"] for item in reads)
        yield Comparison(
            f"{vendor}, one full read",
            (*columns, "CPU", "requests"),
            {name: tuple(_row(vendor, name, reads)) for name in names},
        )


def _row(vendor: str, name: str, reads: list[dict[str, Any]]) -> Iterator[Figure]:
    mine = [item for item in reads if item["who"] == name]
    for latency in LATENCIES_MS:
        ms = median(item["ms"] for item in mine if item["latency"] == latency)
        text = f"{vendor}, one full read by {name}, cloud answers in {latency} ms"
        yield Figure(f"{vendor}_{name}_ms_{latency}", text, ms, "ms")
    for key, what, unit in (("cpu_ms", "CPU", "ms"), ("calls", "requests", "")):
        value = median(item[key] for item in mine)
        text = f"{vendor}, one full read by {name}, {what}"
        yield Figure(f"{vendor}_{name}_{key}", text, value, unit)

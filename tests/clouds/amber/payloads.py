"""The records on the wire, in the recorded order of their keys (1.4 to 1.8)."""

from datetime import date, datetime, timedelta
from typing import Any

from .behaviour import Behaviour
from .board import Shown
from .fixtures import ChannelSpec, SiteSpec
from .market import Advanced
from .tariffs import ORDER, ChannelType, descriptor, spike_status
from .times import NEM, Slot, nem_date, start_of, utc_text

_ADVANCED_H = 24.5
_RANGE_H = 20.0
_LATE_S = 44
# Percent of renewables above which a word holds; invented between the recorded.
_RENEWABLES = ((45, "best"), (25, "great"), (15, "ok"), (5, "notGreat"))


def number(value: float) -> float | int:
    """Return a number as JavaScript would write it: without `.0`."""
    return int(value) if value == int(value) else value


def channels_of(spec: SiteSpec) -> list[ChannelSpec]:
    """Return a site's channels in the order of records."""
    return sorted(spec.channels, key=lambda c: ORDER.index(c.type))


def site(spec: SiteSpec, today: date) -> dict[str, Any]:
    """Return a Site."""
    body: dict[str, Any] = {
        "id": spec.site_id,
        "nmi": spec.nmi,
        "channels": [channel._asdict() for channel in spec.channels],
        "network": spec.network,
        "status": spec.status(today),
    }
    if spec.active_from is not None:
        body["activeFrom"] = spec.active_from.isoformat()
    if body["status"] == "closed" and spec.closed_on is not None:
        body["closedOn"] = spec.closed_on.isoformat()
    if not spec.legacy:
        body["intervalLength"] = spec.minutes(today)
    return body


def _times(slot: Slot) -> dict[str, str]:
    start = start_of(slot.first) + timedelta(seconds=1)
    end = start_of(slot.end)
    return {
        "date": nem_date(slot.first).isoformat(),
        "startTime": utc_text(start),
        "endTime": utc_text(end),
        "nemTime": end.astimezone(NEM).isoformat(),
    }


def _priced(
    spec: SiteSpec, channel: ChannelType, shown: Shown, behaviour: Behaviour
) -> dict[str, Any]:
    """Return all fields that a price and a row of usage share."""
    slot, quote = shown.slot, shown.quote
    per_kwh = spec.tariff.per_kwh(channel, slot.first, quote.spot)
    is_sure = shown.kind == "Actual" or (
        shown.kind == "Current"
        and (not shown.estimate or behaviour.estimated_spike == "spike")
    )
    spike = spike_status(quote.spot, shown.highest, is_sure)
    fields: dict[str, Any] = _times(slot) | {
        "duration": slot.minutes,
        "perKwh": number(per_kwh),
        "renewables": number(quote.renewables),
        "spotPerKwh": number(quote.spot),
        "channelType": channel,
        "spikeStatus": spike,
        "descriptor": descriptor(channel, per_kwh, quote.spot, spike, behaviour),
    }
    information = spec.tariff.information(slot.first)
    if channel == "general" or behaviour.tariff_on == "all":
        fields["tariffInformation"] = information
    return fields


def _ordered(fields: dict[str, Any], keys: str, behaviour: Behaviour) -> dict[str, Any]:
    """Return the fields in the order of `keys`; one in brackets may be null or absent."""
    body: dict[str, Any] = {}
    for key in keys.split():
        name = key.strip("[]")
        value = fields.get(name)
        if value is not None:
            body[name] = value
        elif key != name and behaviour.optional == "null":
            body[name] = None
    return body


_INTERVAL = (
    "type date duration startTime endTime nemTime perKwh renewables spotPerKwh "
    "channelType spikeStatus [tariffInformation] descriptor"
)
_KEYS = {
    "Actual": _INTERVAL,
    "Current": f"{_INTERVAL} estimate [range] [advancedPrice]",
    "Forecast": f"{_INTERVAL} [range] [advancedPrice]",
}
_USAGE = (
    "type duration date endTime quality kwh nemTime perKwh channelType "
    "channelIdentifier cost renewables spotPerKwh startTime spikeStatus "
    "[tariffInformation] descriptor"
)


def interval(
    spec: SiteSpec,
    channel: ChannelType,
    shown: Shown,
    now: datetime,
    behaviour: Behaviour,
) -> dict[str, Any]:
    """Return an ActualInterval, a CurrentInterval or a ForecastInterval."""
    fields = _priced(spec, channel, shown, behaviour)
    fields["type"] = f"{shown.kind}Interval"
    fields["estimate"] = shown.estimate
    hours = (start_of(shown.slot.first) - now).total_seconds() / 3600
    quote = shown.quote
    if quote.advanced is not None and shown.estimate and hours < _ADVANCED_H:
        fields["advancedPrice"] = _advanced(spec, channel, shown, quote.advanced)
    shows = {
        "far": shown.kind == "Forecast" and hours >= _RANGE_H,
        "late_in_minute": now.second >= _LATE_S,
        "never": False,
    }
    if quote.bounds is not None and shows[behaviour.range_shown]:
        low, high = quote.bounds
        fields["range"] = {"min": number(low), "max": number(high)}
    return _ordered(fields, _KEYS[shown.kind], behaviour)


def _advanced(
    spec: SiteSpec, channel: ChannelType, shown: Shown, advanced: Advanced
) -> dict[str, float]:
    first = shown.slot.first
    return {
        name: number(spec.tariff.per_kwh(channel, first, spot))
        for name, spot in advanced._asdict().items()
    }


def usage(
    spec: SiteSpec,
    channel: ChannelSpec,
    shown: Shown,
    kwh: float,
    quality: str,
    behaviour: Behaviour,
) -> dict[str, Any]:
    """Return a row of Usage; `kwh` is what passed the register, never negative."""
    fields = _priced(spec, channel.type, shown, behaviour)
    negative = channel.type == "feedIn" and behaviour.feed_in_kwh == "negative"
    fields |= {
        "type": "Usage",
        "quality": quality,
        "kwh": number(-kwh if negative else kwh),
        "channelIdentifier": channel.identifier,
        "cost": number(round(kwh * fields["perKwh"], 4)),
    }
    return _ordered(fields, _USAGE, behaviour)


def renewable(shown: Shown) -> dict[str, Any]:
    """Return a renewables object of a state."""
    percent = shown.quote.renewables
    times = _times(shown.slot)
    return {
        "type": f"{shown.kind}Renewable",
        "duration": shown.slot.minutes,
        **times,
        "renewables": number(percent),
        "descriptor": next(
            (word for above, word in _RENEWABLES if percent >= above), "worst"
        ),
    }

"""A device that knows only what runs: each part is told at its own start."""

from dataclasses import replace
from datetime import timedelta

from custom_components.joulekeeper.core.schedule import Action, Programme, Source

from .model import HOUR, INVERTER, MINUTE, NOW, SECOND, ZERO, Model

AT_ITS_START = replace(INVERTER, lays_ahead=SECOND, one_at_a_time=True)


def parts(model: Model) -> list[tuple[Action, timedelta, timedelta]]:
    """Return what is to be sent now, in time from now."""
    compiled = model.ledger.compile(model.able, Programme(), model.now)
    begin = model.now.replace(microsecond=0)
    return [(i.action, i.start - begin, i.end - begin) for i in compiled.segments]


def test_interrupted_one_goes_on_in_its_time() -> None:
    """Told before, its second part would end what has interrupted it."""
    model = Model(NOW, AT_ITS_START)
    model.lay(ZERO, 3 * HOUR, source=Source.CALENDAR)
    assert parts(model) == [(Action.CHARGE, ZERO, 3 * HOUR)]
    model.lay(HOUR, HOUR, action=Action.EXPORT, source=Source.MANUAL)
    assert parts(model) == [(Action.CHARGE, ZERO, HOUR)]
    model.now += HOUR
    assert parts(model) == [(Action.EXPORT, ZERO, HOUR)]
    model.now += HOUR
    ((action, _, end),) = parts(model)
    assert (action, end) == (Action.CHARGE, HOUR)


def test_without_that_all_parts_go_out_together() -> None:
    """A cloud that keeps a list takes them at any time."""
    model = Model(NOW, INVERTER)
    model.lay(ZERO, 3 * HOUR, source=Source.CALENDAR)
    model.lay(HOUR, HOUR, action=Action.EXPORT, source=Source.MANUAL)
    assert len(parts(model)) == 3


def test_nothing_before_its_start() -> None:
    """Not a minute ahead, nor the next of those that repeat."""
    model = Model(NOW, AT_ITS_START)
    model.lay(30 * MINUTE, HOUR)
    assert parts(model) == []
    model.now += 30 * MINUTE
    assert len(parts(model)) == 1

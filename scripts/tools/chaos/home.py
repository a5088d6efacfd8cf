"""One life of a Home Assistant: a core with the integration, led by a story."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
import faulthandler
import gc
from importlib import import_module
import json
import logging
from multiprocessing.connection import Connection
import os
from pathlib import Path
from random import Random
from time import perf_counter
import traceback
from typing import Any, Final, override

import voluptuous as vol

from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.const import (
    EVENT_HOMEASSISTANT_START,
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.runner import _async_loop_exception_handler
from homeassistant.setup import async_setup_component

from ..bench.home import CONFIGURATION, USUAL
from . import chance, disk, life, network
from .account import DOMAIN, add_account
from .clock import MachineClock, StoryLoop

_MEASURED_EVERY_S: Final = 20
_HANGS_S: Final = 300
"""Real time in which a few simulated seconds are never over."""
_STATUS_KEYS: Final = ("schedule_status", "push_result")


class _Log(logging.Handler):
    """Writes each record at once, a line of JSON each: whoever dies has said it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        trace = ""
        if record.exc_info and record.exc_info[0] is not None:
            trace = "".join(traceback.format_exception(*record.exc_info))
        line = {
            "time": record.created,
            "level": record.levelno,
            "logger": record.name,
            "text": record.getMessage(),
            "trace": trace,
        }
        with disk.room():
            os.write(self._file, json.dumps(line).encode() + b"\n")


def live(birth: life.Birth, clock: MachineClock, pipe: Connection) -> None:
    """Live one life in this process, to its end."""
    seed = f"{birth.seed}/{birth.number}"
    chance.decide(seed)
    clock.skew = birth.skew
    root = logging.getLogger()
    root.handlers = [_Log(Path(birth.folder, life.LOG))]
    root.setLevel(logging.WARNING)
    logging.getLogger(f"custom_components.{DOMAIN}").setLevel(logging.DEBUG)
    logging.getLogger("homeassistant.loader").setLevel(logging.ERROR)
    line = network.Line(Random(f"line {seed}"), birth.writes, birth.port)
    line.install()
    storage = disk.Disk()
    storage.install()
    if birth.mutation is not None:
        module_name, _, name = birth.mutation.partition(":")
        getattr(import_module(module_name), name)()
    with asyncio.Runner(loop_factory=lambda: StoryLoop(clock.true)) as runner:
        runner.get_loop().set_exception_handler(_async_loop_exception_handler)
        runner.run(_Life(birth, clock, pipe, line, storage).run())


class _Life:
    """Carries out what the story says, and tells how it is."""

    def __init__(
        self,
        birth: life.Birth,
        clock: MachineClock,
        pipe: Connection,
        line: network.Line,
        storage: disk.Disk,
    ) -> None:
        self._birth = birth
        self._clock = clock
        self._pipe = pipe
        self._line = line
        self._disk = storage
        self._hass: HomeAssistant | None = None
        self._answers: list[life.Answer] = []
        self._events: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._well_at = float("-inf")

    async def run(self) -> None:
        """Start, and do what is said until the end."""
        loop = asyncio.get_running_loop()
        if self._birth.dies_after_s is not None:
            loop.call_later(self._birth.dies_after_s, network.die)
        self._spawn(self._start())
        while True:
            self._pipe.send(self._report())
            command: life.Command = self._pipe.recv()
            self._is_well()
            match command:
                case life.Until(moment):
                    await self._live_until(moment)
                case life.Call():
                    self._spawn(self._call(command))
                    # It is on its way before anything else happens.
                    await asyncio.sleep(0)
                case life.Weather():
                    self._line.weather = command
                case life.Disk(full):
                    self._disk.full = full
                case life.Skew(seconds):
                    self._clock.skew = seconds
                case life.Sleep(seconds):
                    self._clock.true.move(seconds, asleep=True)
                case life.Doom(write, carried_out, file, written):
                    self._line.deadly, self._line.answered = write, carried_out
                    self._disk.deadly, self._disk.written = file, written
                case life.Die():
                    network.die()
                case life.Reload():
                    self._spawn(self._with_entry("async_reload"))
                case life.Remove():
                    self._spawn(self._with_entry("async_remove"))
                case life.Stop():
                    if self._hass is not None:
                        await self._hass.async_stop(force=True)
                    gc.collect()
                    return

    def _is_well(self) -> None:
        """Put off the time at which it tells where nothing goes on any more."""
        now = perf_counter()
        # Each time costs a thread.
        if now - self._well_at > _HANGS_S / 5:
            self._well_at = now
            faulthandler.dump_traceback_later(_HANGS_S, exit=True)

    async def _live_until(self, moment: datetime) -> None:
        while (left := (moment - self._clock.true()).total_seconds()) > 0:
            await asyncio.sleep(left)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- Home Assistant --------------------------------------------------------

    async def _start(self) -> None:
        birth = self._birth
        hass = HomeAssistant(birth.folder)
        loader.async_setup(hass)
        hass.config.skip_pip = True
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        configuration = {"time_zone": birth.zone, "country": birth.country}
        await async_process_ha_core_config(hass, CONFIGURATION | configuration)
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._note_event)
        self._hass = hass
        if birth.sensors:
            self._spawn(self._measure(hass))
        for domain in USUAL:
            await async_setup_component(hass, domain, {})
        await async_setup_component(hass, DOMAIN, {})
        hass.set_state(CoreState.starting)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_START)
        await asyncio.sleep(0)
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        if birth.account is not None and self._entry is None:
            await add_account(hass, birth)

    async def _measure(self, hass: HomeAssistant) -> None:
        """Let the sensors of others tell something new now and then."""
        draw = Random(f"sensors {self._birth.seed}")
        while True:
            for entity_id, (value, unit) in self._birth.sensors.items():
                state = f"{value * draw.uniform(0.9, 1.1):.3f}"
                hass.states.async_set(entity_id, state, {"unit_of_measurement": unit})
            await asyncio.sleep(_MEASURED_EVERY_S)

    @callback
    def _note_event(self, event: Event[Any]) -> None:
        """Note what an entity for events tells."""
        state = event.data["new_state"]
        if state is None or state.domain != "event" or event.data["old_state"] is None:
            return
        if (kind := state.attributes.get("event_type")) is not None:
            self._events.append(str(kind))

    @property
    def _entry(self) -> ConfigEntry | None:
        if self._hass is None:
            return None
        return next(iter(self._hass.config_entries.async_entries(DOMAIN)), None)

    async def _with_entry(self, method: str) -> None:
        if self._hass is not None and (entry := self._entry) is not None:
            with suppress(HomeAssistantError):
                await getattr(self._hass.config_entries, method)(entry.entry_id)

    # -- calls -----------------------------------------------------------------

    async def _call(self, call: life.Call) -> None:
        answer = await self._answered(call)
        self._answers.append(answer)

    async def _answered(self, call: life.Call) -> life.Answer:
        hass, data = self._hass, dict(call.data)
        if hass is None or not self._named(call, data):
            return life.Answer(call.number, error="not there yet")
        wants_answer = call.domain == DOMAIN
        try:
            result = await hass.services.async_call(
                call.domain,
                call.action,
                data,
                blocking=True,
                return_response=wants_answer,
            )
        except (HomeAssistantError, vol.Invalid) as error:
            return life.Answer(call.number, error=_in_words(error))
        except Exception:  # noqa: BLE001
            return life.Answer(call.number, crash=traceback.format_exc())
        rows = result.get("results") if isinstance(result, Mapping) else None
        first = rows[0] if isinstance(rows, list) and rows else {}
        return life.Answer(call.number, result=json.loads(json.dumps(first)))

    def _named(self, call: life.Call, data: dict[str, Any]) -> bool:
        """Put the registry's names of device or entity into the data."""
        assert self._hass is not None
        if call.device is None:
            return True
        entry = self._entry
        if entry is None:
            return False
        devices = dr.async_entries_for_config_entry(
            dr.async_get(self._hass), entry.entry_id
        )
        named = (it for it in devices if (DOMAIN, call.device) in it.identifiers)
        if (device := next(named, None)) is None:
            return False
        if call.entity_domain is None:
            data["device_id"] = device.id
            return True
        entities = er.async_entries_for_device(er.async_get(self._hass), device.id)
        for entity in entities:
            if entity.domain == call.entity_domain and entity.disabled_by is None:
                data["entity_id"] = entity.entity_id
                return True
        return False

    # -- what its user sees ----------------------------------------------------

    def _report(self) -> life.Report:
        answers, self._answers = tuple(self._answers), []
        events, self._events = tuple(self._events), []
        refused, self._disk.refused = self._disk.refused, 0
        spoilt, self._line.spoilt = self._line.spoilt, 0
        report = life.Report(
            self._clock.true(),
            answers=answers,
            events=events,
            refused_files=refused,
            spoilt_calls=spoilt,
        )
        hass, entry = self._hass, self._entry
        if hass is None or entry is None:
            return report
        states = [
            (item.unique_id, state.state)
            for item in er.async_entries_for_config_entry(
                er.async_get(hass), entry.entry_id
            )
            if (state := hass.states.get(item.entity_id)) is not None
        ]
        return replace(
            report,
            entry=entry.state.value,
            issues=tuple(
                sorted(
                    str(issue.translation_key)
                    for issue in ir.async_get(hass).issues.values()
                    if issue.domain == DOMAIN and issue.active
                )
            ),
            statuses=tuple(s for name, s in states if name.endswith(_STATUS_KEYS)),
            entities=len(states),
            unavailable=sum(s == STATE_UNAVAILABLE for _, s in states),
            logins=len(list(entry.async_get_active_flows(hass, {"reauth"}))),
        )


def _in_words(error: Exception) -> str:
    key = getattr(error, "translation_key", None)
    return f"{key or type(error).__name__}: {error}"

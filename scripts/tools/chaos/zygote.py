"""A process that has imported everything, and of which each life is a copy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import gc
from importlib import import_module
from multiprocessing.connection import Connection
import os
import pkgutil
import sys
import traceback
from typing import Final

from ..simulated import SPAWN, SimulatedClock
from . import chance, life
from .clock import MachineClock

_PACKAGE: Final = "custom_components.joulekeeper"
_SEED: Final = "PYTHONHASHSEED"


class Zygote:
    """Gives birth to one Home Assistant at a time."""

    def __init__(self, clock: SimulatedClock) -> None:
        """Warm it up; it ends with us."""
        self.pipe, child = SPAWN.Pipe()
        with fixed_order():
            self._process = SPAWN.Process(target=_serve, args=(child, clock))
            self._process.start()
        child.close()

    def wait_warm(self) -> None:
        """Wait until all is imported."""
        if (said := self.pipe.recv()) != "warm":
            raise RuntimeError(said)

    def close(self) -> None:
        """End it."""
        self.pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


@contextmanager
def fixed_order() -> Iterator[None]:
    """Let processes that are started meanwhile go through sets in a fixed order."""
    before = os.environ.get(_SEED)
    os.environ[_SEED] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SEED]
        else:
            os.environ[_SEED] = before


def _serve(pipe: Connection, clock: SimulatedClock) -> None:
    machine = MachineClock(clock)
    try:
        live = _warmed(machine)
    except BaseException:  # noqa: BLE001
        pipe.send(traceback.format_exc())
        return
    gc.collect()
    # What is here already is not looked at again by any child.
    gc.freeze()
    pipe.send("warm")
    while True:
        try:
            birth: life.Birth = pipe.recv()
        except EOFError:
            return
        pid = os.fork()
        if pid == 0:
            _be_born(live, birth, machine, pipe)
        _, status = os.waitpid(pid, 0)
        pipe.send(os.waitstatus_to_exitcode(status))


type _Live = Callable[[life.Birth, MachineClock, Connection], None]


def _warmed(machine: MachineClock) -> _Live:
    """Import all that a life needs, with the machine's clock and chance."""
    machine.install()
    chance.install()
    package = import_module(_PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{_PACKAGE}."):
        import_module(module.name)
    home = import_module(f"{__package__}.home")
    for domain in home.USUAL:
        import_module(f"homeassistant.components.{domain}")
    live: _Live = home.live
    return live


def _be_born(
    live: _Live, birth: life.Birth, machine: MachineClock, pipe: Connection
) -> None:
    try:
        live(birth, machine, pipe)
    except BaseException:  # noqa: BLE001
        traceback.print_exc(file=sys.stderr)
        os._exit(1)
    os._exit(0)

"""Run a real `hass` with a fresh configuration on a free loopback port."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
import tempfile
from typing import Any, Self

ROOT = Path(__file__).parents[3]
INTEGRATION = ROOT / "custom_components/joulekeeper"
HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 20

CONFIGURATION = """\
homeassistant:
  name: Demo home
  latitude: -27.5
  longitude: 153.0
  elevation: 20
  unit_system: metric
  currency: AUD
  country: AU
  time_zone: Australia/Brisbane
  language: en
frontend:
config:
recorder:
history:
logbook:
calendar:
energy:
system_health:
logger:
  default: warning
  logs:
    custom_components.joulekeeper: info
    # optional programs that a demo does not need
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
"""


class HassError(Exception):
    """Home Assistant did not do what was asked; the text is for a person."""


def free_port(preferred: int = 0) -> int:
    """Return a free loopback port, the preferred one where possible."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise HassError("no free port on the loopback interface")


@dataclass(slots=True)
class HassProcess:
    """A `hass` of our own; leaving the context ends it and removes its folder.

    `launcher` is what Python runs, `environment` what it finds there besides ours.
    """

    port: int
    launcher: tuple[str, ...] = ("-m", "homeassistant")
    configuration: str = CONFIGURATION
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = field(init=False)
    _process: asyncio.subprocess.Process | None = field(init=False, default=None)

    @property
    def url(self) -> str:
        """Address of the frontend and of the API."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """What Home Assistant has printed so far."""
        return (self.folder / "hass.log").read_text(errors="replace")

    async def __aenter__(self) -> Self:
        """Write the configuration and start."""
        self.folder = Path(tempfile.mkdtemp(prefix="joulekeeper-demo-"))
        try:
            self._write_configuration()
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop and clean up."""
        await self._end()

    def _write_configuration(self) -> None:
        """Make a configuration of which only the user is left to create."""
        components = self.folder / "custom_components"
        components.mkdir()
        # A link, so that a restart of the demo's Home Assistant sees edited code.
        (components / INTEGRATION.name).symlink_to(INTEGRATION)
        (self.folder / "configuration.yaml").write_text(self.configuration)
        # Version 1 of these settings is taken over as confirmed; settings in YAML
        # would be reverted after five minutes.
        self._store("http", 1, {"server_host": [HOST], "server_port": self.port})
        # No discovery: it would reach into the network, and fail where there is none.
        self._store("core.network", 1, {"configured_adapters": ["lo", "lo0"]})
        # The steps done here would set up integrations that need the internet.
        self._store(
            "onboarding", 4, {"done": ["core_config", "analytics", "integration"]}
        )

    def _store(self, key: str, version: int, data: dict[str, Any]) -> None:
        """Write one of Home Assistant's storage files."""
        path = self.folder / ".storage" / key
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            json.dumps(
                {"version": version, "minor_version": 1, "key": key, "data": data}
            )
        )

    async def start(self) -> None:
        """Start the process, in a group of its own so that Ctrl-C is ours to handle."""
        # The repository's custom_components must not be found a second time.
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        env |= self.environment
        with (self.folder / "hass.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *(*self.launcher, "--config", str(self.folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=self.folder,
                start_new_session=True,
            )

    def strike(self) -> None:
        """Send the signal that nobody can catch, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """End the process on the spot; it may be started again."""
        assert self._process is not None
        self.strike()
        await self._process.wait()

    def check_alive(self) -> None:
        """Raise with the end of the log when the process has ended."""
        assert self._process is not None
        if (status := self._process.returncode) is not None:
            tail = "\n".join(self.log.splitlines()[-20:])
            raise HassError(f"Home Assistant ended with status {status}:\n{tail}")

    async def until(
        self, what: str, seconds: float, check: Callable[[], Awaitable[bool]]
    ) -> None:
        """Poll a check until it holds; raise when time is up or the process ended."""
        try:
            async with asyncio.timeout(seconds):
                while not await check():
                    self.check_alive()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise HassError(f"waited {seconds:.0f} s in vain for {what}") from None

    async def wait(self) -> None:
        """Return when the process has ended."""
        assert self._process is not None
        await self._process.wait()
        self.check_alive()

    async def _end(self) -> None:
        """Stop the process, by force if it does not listen, and remove the folder."""
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError, asyncio.CancelledError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

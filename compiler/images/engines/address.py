"""Where an engine listens: `unix:///run/podman/podman.sock`, `tcp://127.0.0.1:2375`, `ssh://root@host`.

The SDKs reach other machines over ssh too, but podman's accepts any host key. ssh itself forwards the socket
here, with the host keys and the configuration of whoever runs it.
"""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

from compiler.diagnostics import HeatsinkError, reason

_FORMS = "write `unix:///PATH`, `ssh://[USER@]HOST[:PORT][/PATH]`, or `tcp://127.0.0.1:PORT`"
_HINT = "start the engine, or name the socket of another with `--engine-url`"
_CONNECTS_WITHIN = 30.0  # seconds
_OPTIONS = ("BatchMode=yes", "ExitOnForwardFailure=yes", f"ConnectTimeout={_CONNECTS_WITHIN:.0f}")


@contextmanager
def reachable(url: str, remote: str) -> Iterator[str]:
    """The URL at which an SDK reaches an engine; `remote` is its socket on another machine.

    Raises HeatsinkError for URLs of another form, and for engines that anybody on the network could command.
    """
    scheme, host, port, path = _parts(url)
    if scheme == "ssh" and host:
        with _forwarded(url.removesuffix(path), path.rstrip("/") or remote) as local:
            yield f"unix://{local}"
    elif scheme == "unix" and path.startswith("/") and not host:
        _check_listens(url, socket.AF_UNIX, path)
        yield url
    elif scheme == "tcp" and host and port:
        _check_listens(url, socket.AF_INET, (_loopback(url, host), port))
        yield url
    else:
        raise HeatsinkError(f"`{url}` is not the URL of an engine", hint=_FORMS)


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path; all empty if these are not the parts of a URL."""
    try:
        parts = urlparse(url)
        return parts.scheme, parts.hostname or "", parts.port or 0, parts.path
    except ValueError:
        return "", "", 0, ""


def no_answer(engine: str, url: str, cause: object) -> HeatsinkError:
    """The error of an engine that does not answer at a socket."""
    return HeatsinkError(f"{engine} does not answer at `{url}`: {cause}", hint=_HINT)


def _check_listens(url: str, family: socket.AddressFamily, address: str | tuple[str, int]) -> None:
    """The SDKs say the same, with the names of classes and without the reason."""
    with socket.socket(family) as probe:
        probe.settimeout(_CONNECTS_WITHIN)
        try:
            probe.connect(address)
        except OSError as error:
            raise HeatsinkError(f"no engine at `{url}`: {reason(error)}", hint=_HINT) from None


def _loopback(url: str, host: str) -> str:
    """The host, if it is on loopback."""
    if host != "localhost" and not _is_loopback(host):
        raise HeatsinkError(
            f"`{url}` is not on loopback: whoever reaches such an engine is root there",
            hint=f"use `ssh://{host}`",
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _forwarded(destination: str, remote: str) -> Iterator[Path]:
    """A private socket that ssh forwards to one of another machine."""
    with tempfile.TemporaryDirectory(prefix="heatsink-") as folder, tempfile.TemporaryFile() as errors:
        local = Path(folder) / "engine.sock"
        options = [word for option in _OPTIONS for word in ("-o", option)]
        command = ("ssh", "-N", *options, "-L", f"{local}:{remote}", "--", destination)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C must not reach it
        )
        try:
            if not _appears(local, process):
                errors.seek(0)
                why = errors.read().decode(errors="replace").strip() or "no answer"
                raise HeatsinkError(f"cannot connect to `{destination}`: {why}")
            yield local
        finally:
            process.terminate()
            process.wait()


def _appears(path: Path, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _CONNECTS_WITHIN
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.exists()

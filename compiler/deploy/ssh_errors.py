"""Why a host cannot be connected to over ssh, and what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import fabric
import paramiko
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import NoValidConnectionsError, PasswordRequiredException

from compiler.deploy.errors import DeployError
from compiler.deploy.known_hosts import HostKeyError
from compiler.diagnostics import reason

_CHECK_IDENTITY = "check `identity_file` in the hosts file, and compile again"
_CHECK_LOGIN = "check `user` and `identity_file` in the hosts file, or add the key to the agent"
_CHECK_UP = "check that the host is up and runs sshd"

# What paramiko says → what that means, for errors that have no class of their own.
_MEANINGS = {
    "no authentication methods available": (
        "there is no key to log in with",
        "start an ssh agent and run `ssh-add`, or set `identity_file` in the hosts file",
    ),
    "error reading ssh protocol banner": (
        "no sshd answers there",
        "check `port` in the hosts file, and sshd",
    ),
    "no existing session": ("the host closed the connection", "check the log of sshd: `journalctl -u ssh`"),
    "administratively prohibited": (
        "the jump host does not forward there",
        "allow `AllowTcpForwarding` in the sshd_config of the jump host",
    ),
}


def key_error(host: str, path: Path, error: Exception) -> DeployError:
    """Why a private key cannot be used."""
    match error:
        case PasswordRequiredException() | TypeError():  # of paramiko, and of the library that reads for it
            hint = f"run `ssh-add {path}`, and remove `identity_file` from the hosts file"
            return DeployError(host, f"`{path}` is protected by a passphrase", hint)
        case OSError():
            return DeployError(host, f"`{path}` cannot be read: {reason(error)}", _CHECK_IDENTITY)
        case _:
            return DeployError(host, f"`{path}` is not a usable private key", _CHECK_IDENTITY)


KEY_ERRORS = (OSError, ValueError, TypeError, UnknownKeyType, paramiko.SSHException)  # of reading a key


def was_dropped(error: paramiko.SSHException) -> bool:
    """Whether a connection was closed before sshd said anything."""
    is_early = "error reading ssh protocol banner" in str(error).lower()
    return is_early and isinstance(error.__context__, EOFError | ConnectionResetError)


def connection_error(
    host: str, connection: fabric.Connection, error: Exception, *, seconds: int
) -> DeployError:
    """Why a connection failed, if `seconds` is the time that it may take."""
    if isinstance(error, HostKeyError):
        return DeployError(host, str(error), error.hint)
    place = f"{connection.user}@{connection.host} port {connection.port}"
    match error:
        case paramiko.BadAuthenticationType():
            allowed = ", ".join(map(str, error.allowed_types))
            return DeployError(host, f"{place} does not accept keys, only: {allowed}", _CHECK_LOGIN)
        case paramiko.AuthenticationException():
            return DeployError(host, f"authentication failed for {place}", _CHECK_LOGIN)
        case socket.gaierror():
            message = f"`{connection.host}` cannot be resolved to an address"
            return DeployError(host, message, "check the hosts file")
        case NoValidConnectionsError():
            refusals = {reason(each) for each in error.errors.values() if isinstance(each, OSError)}
            return DeployError(host, f"{place} cannot be reached: {', '.join(sorted(refusals))}", _CHECK_UP)
        case TimeoutError():
            return DeployError(host, f"{place} did not answer within {seconds} s", _CHECK_UP)
        case OSError():
            return DeployError(host, f"{place}: {reason(error)}{_file_of(error)}", _CHECK_UP)
        case _:
            message, hint = _meaning(str(error).lower())
            return DeployError(host, f"{place}: {message}", hint)


def _meaning(text: str) -> tuple[str, str | None]:
    meanings = (meaning for known, meaning in _MEANINGS.items() if known in text)
    return next(meanings, (text or "the connection was closed", None))


def _file_of(error: OSError) -> str:
    """The file that an error is about, such as the program of a ProxyCommand."""
    return f": `{error.filename}`" if error.filename else ""

"""Logins of registries, as podman and docker keep them: auth files, and the helpers that these name.

https://man.archlinux.org/man/containers-auth.json.5
https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.reference import DOCKER_HUB, ImageReference

_HUB_NAMES = ("index.docker.io", "registry-1.docker.io")
_HUB_SERVER = "https://index.docker.io/v1/"  # what docker's helpers call it
_TOKEN = "<token>"  # noqa: S105 - the user name that stands for an identity token
_HELPER = re.compile(r"[\w.-]+", re.ASCII)
_ANSWERS_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks a registry: a user and a password, or an identity token."""

    user: str
    secret: str = field(repr=False)

    @property
    def is_token(self) -> bool:
        """Whether the secret is an identity token, which buys other tokens."""
        return self.user == _TOKEN

    @property
    def basic(self) -> str:
        """The header of HTTP for it."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()


def auth_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where the engines keep logins, in order; `REGISTRY_AUTH_FILE` stands for them all, if it is set."""
    if chosen := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(chosen)
        return
    home = Path(environment.get("HOME") or "/")
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield Path(runtime) / "containers/auth.json"
    yield Path("/run/containers") / str(os.getuid()) / "auth.json"  # podman's, without a session
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json"
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def find_login(reference: ImageReference, environment: Mapping[str, str]) -> Login | None:
    """The login for an image. Raises HeatsinkError for a file or a helper that cannot be used."""
    for path in auth_files(environment):
        entries = _read(path)
        if found := _from_helper(entries, reference.host, environment) or _from_entries(entries, reference):
            return found
    return None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        entries: Mapping[str, Any] = json.loads(path.read_bytes() or b"{}")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
    except (ValueError, RecursionError):
        raise _not_an_auth_file(path) from None
    sections = (
        [entries.get(key, {}) for key in ("auths", "credHelpers")] if isinstance(entries, dict) else [None]
    )
    if not all(isinstance(section, dict) for section in sections):
        raise _not_an_auth_file(path)
    return entries


def _not_an_auth_file(path: Path) -> HeatsinkError:
    return HeatsinkError(
        f"`{path}` is not an auth file of podman or docker", hint="log in again, or remove it"
    )


def _from_entries(entries: Mapping[str, Any], reference: ImageReference) -> Login | None:
    """The entry of the repository, of a part of its path, or of the registry, in this order."""
    named = {_registry_of(key): entry for key, entry in entries.get("auths", {}).items()}
    parts = f"{reference.host}/{reference.name}".split("/")
    for count in range(len(parts), 0, -1):
        entry = named.get("/".join(parts[:count]))
        if isinstance(entry, dict) and (found := _of_entry(entry)):
            return found
    return None


def _registry_of(key: str) -> str:
    """The registry, or repository, that a key names: docker writes URLs."""
    scheme, separator, rest = key.partition("://")
    name = rest.partition("/")[0] if separator else scheme.rstrip("/")
    return DOCKER_HUB if name in _HUB_NAMES else name


def _of_entry(entry: Mapping[str, Any]) -> Login | None:
    if token := entry.get("identitytoken"):
        return Login(user=_TOKEN, secret=str(token))
    try:
        user, separator, secret = base64.b64decode(str(entry.get("auth", ""))).decode().partition(":")
    except ValueError:
        return None
    return Login(user=user, secret=secret.strip("\0")) if separator else None


def _from_helper(entries: Mapping[str, Any], host: str, environment: Mapping[str, str]) -> Login | None:
    helpers = {_registry_of(key): helper for key, helper in entries.get("credHelpers", {}).items()}
    helper = helpers.get(host) or entries.get("credsStore")
    if not helper:
        return None
    if not _HELPER.fullmatch(str(helper)):
        raise HeatsinkError(f"`{helper}` is not the name of a credential helper")
    answer = _ask_helper(f"docker-credential-{helper}", host, environment)
    return Login(user=answer["Username"], secret=answer["Secret"]) if answer else None


def _ask_helper(program: str, host: str, environment: Mapping[str, str]) -> dict[str, str] | None:
    """What a helper knows of a registry; None if it has no login. What it prints is shown nowhere."""
    try:
        done = subprocess.run(
            (program, "get"),
            input=(_HUB_SERVER if host == DOCKER_HUB else host).encode(),
            env=dict(environment),
            check=False,
            capture_output=True,
            timeout=_ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise HeatsinkError(f"`{program} get` did not answer within {_ANSWERS_WITHIN:g} s") from None
    except OSError as error:
        raise HeatsinkError(f"the credential helper `{program}` cannot be run: {reason(error)}") from None
    if done.returncode:
        if b"credentials not found" in done.stdout + done.stderr:
            return None
        raise HeatsinkError(f"`{program} get` failed for `{host}`", hint="run it by hand to see why")
    try:
        answer = json.loads(done.stdout)
        return {key: str(answer[key]) for key in ("Username", "Secret")}
    except (ValueError, TypeError, KeyError):
        raise HeatsinkError(f"`{program} get` does not answer with a login") from None

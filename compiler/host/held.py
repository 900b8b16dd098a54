"""The secrets that this host has: no push generates them again, and certificates expire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .installed import Installed
from .machine import Machine
from .store import Generation, generation, kept_generations
from .wire import Pusher

_PEM = r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----\n?"


def report_secrets(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Report the names of all secrets in the generations kept here; with `values` their values too."""
    held = held_secrets(machine)
    pusher.send("secrets", names=sorted(held), values=held if request["values"] else {})
    return 0


def held_secrets(machine: Machine) -> dict[str, str]:
    """Name → value: that of the installed generation, else of the newest one that has the name.

    Volumes outlive their services, so that old generations count as well. Raises RefusedError if the
    installed one is damaged: what it had is not known then.
    """
    held: dict[str, str] = {}
    for kept in kept_generations(machine):  # newest first
        held = {**kept.secrets, **held}
    number = Installed.on(machine).generation
    return {**held, **generation(machine, number).secrets} if number else held


def certificates(generation: Generation) -> dict[str, str]:
    """The certificates among the secrets of a generation, by name; no private key."""
    return {
        name: pem for name, value in generation.secrets.items() if (pem := "".join(re.findall(_PEM, value)))
    }

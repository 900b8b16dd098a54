"""The command line of the file."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from zipimport import zipimporter

from .carried import INDEX, Carried, CourierError
from .conversation import Conversation
from .plan import plan_lines

USAGE = """\
usage: {name} [--host NAME] [--plan] [--yes]

Brings this machine to the state in the bundle of its host, as `heatsink push-artifacts` does.

  --host NAME  which host this machine is, if its name does not say it
  --plan       show what would change; exit code 2 if anything would
  --yes        agree, without a question

hosts: {hosts}
"""
_PLAN_CHANGES = 2


def main(path: str, arguments: Sequence[str]) -> int:
    """Run the command; the exit status: 0 done, 1 refused, 2 a plan that changes something."""
    index = json.loads(zipimporter(path).get_data(INDEX))
    if "-h" in arguments or "--help" in arguments:
        sys.stdout.write(USAGE.format(name=os.path.basename(path), hosts=", ".join(index["hosts"])))  # noqa: PTH119
        return 0
    try:
        host, dry, yes = _options(arguments)
        return _switch_on(Carried(path, index), _this_host(index, host), dry=dry, yes=yes)
    except CourierError as error:
        _show(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
        return 1


def _options(arguments: Sequence[str]) -> tuple[str, bool, bool]:
    words, host = list(arguments), ""
    if "--host" in words[:-1]:
        place = words.index("--host")
        host = words[place + 1]
        del words[place : place + 2]
    unknown = [word for word in words if word not in ("--plan", "--yes", "-y")]
    if unknown:
        raise CourierError(f"unknown argument `{unknown[0]}`", "see `--help`")
    return host, "--plan" in words, bool({"--yes", "-y"} & set(words))


def _this_host(index: Mapping[str, Any], named: str) -> str:
    """The host that this machine is: as it is named, or called, and not another than it already is."""
    name = socket.gethostname()
    hosts, called = index["hosts"], named or (name if name in index["hosts"] else name.partition(".")[0])
    if called not in hosts:
        raise CourierError(
            f"this file has no bundle for `{called}`", f"it has {', '.join(hosts)}; name one with `--host`"
        )
    installed = _installed_host(index)
    if installed not in ("", called):
        raise CourierError(
            f"this machine is the host `{installed}`, not `{called}`", "use the file on the right machine"
        )
    return str(called)


def _installed_host(index: Mapping[str, Any]) -> str:
    """The host whose bundle is installed here; "" if there is none, or it cannot be read."""
    try:
        with open(os.environ.get("HEATSINK_ROOT", "") + index["installed"], "rb") as file:  # noqa: PTH123
            return str(json.load(file)["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _switch_on(carried: Carried, host: str, *, dry: bool, yes: bool) -> int:
    conversation = Conversation(carried, host, lambda text: _show(f"{host}: {text}"))
    try:
        plan = conversation.plan(dry=dry)
        lines = list(plan_lines(plan, carried.index["images"]))
        _show("\n".join((f"{host}:", *lines)) if lines else f"{host}: nothing to do")
        if dry:
            return _PLAN_CHANGES if lines else 0
        if lines and not yes:
            _ask()
        generation = conversation.carry_out(plan)
    finally:
        conversation.end()
    _show(f"{host}: generation {generation}, all units up")
    return 0


def _ask() -> None:
    """Raise CourierError unless the operator agrees."""
    if not sys.stdin.isatty():
        raise CourierError(
            "the change needs consent, and there is no terminal to ask on", "agree with `--yes`"
        )
    sys.stderr.write("Continue? [y/N]: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CourierError("nothing was changed")


def _show(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[0], sys.argv[1:]))

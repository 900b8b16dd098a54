"""Changing the host: one generation on its way from staged to current."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .etc_hosts import place_hosts
from .installed import Installed
from .journal import journal, without
from .layout import MAY_FAIL, PREPARATIONS, SUMMARY, is_preparation
from .machine import Machine, place_link, relabel, require, sync, write_beside
from .manifest import File, Unit, names_of
from .plan import Plan, mode_of, owner_of, to_start
from .store import Generation, clean_stamps, collect_garbage, switch, write_summary
from .units import unit_states, verdicts_on
from .wire import HEARTBEAT, Pusher, Refusal, beat, counted


class Activation:
    """One generation on its way from staged to current."""

    def __init__(
        self,
        machine: Machine,
        pusher: Pusher,
        wanted: Generation,
        installed: Installed,
        salt: str,
        timeout: float,
    ) -> None:
        self._machine = machine
        self._pusher = pusher
        self._wanted = wanted
        self._installed = installed
        self._salt = salt
        self._hashes = wanted.hashes(salt)
        self._timeout = timeout
        self._started: list[Unit] = []

    def install(self, plan: Plan) -> None:
        """Stop what disappears, put the files there, and let systemd read them: once, and only if it must."""
        machine, installed = self._machine, self._installed
        machine.path(SUMMARY).unlink(missing_ok=True)
        self._announce(plan)
        if plan.stops:
            self._pusher.tell("progress", text=f"stopping {counted(len(plan.stops), 'unit')}")
            self._systemctl("stop", plan.stops)
        self._prepare(plan.writes)
        self._write([file for file in plan.writes if not is_preparation(file.path)])
        for link in plan.links:
            place_link(machine.path(link.path), link.target)
        self._remove(plan.removals)
        place_hosts(machine, self._wanted)
        relabel(machine, plan.written)
        if installed.reload:
            require(machine.run(("systemctl", "daemon-reload")), "systemd could not read its units")
            installed.reload = False
        if plan.stops:
            machine.run(("systemctl", "reset-failed", *plan.stops))
        self._record()

    def _announce(self, plan: Plan) -> None:
        """Write down what will lie here before it does: nothing of ours is forgotten, whatever happens."""
        wanted, installed = self._wanted, self._installed
        folders = _missing_folders(self._machine, plan.written)
        installed.generation = wanted.number
        installed.engine = installed.engine or wanted.engine
        installed.reload = installed.reload or plan.rereads
        installed.files = sorted({*installed.files, *(file.path for file in wanted.files)})
        installed.links = sorted({*installed.links, *(link.path for link in wanted.links)})
        installed.folders = sorted({*installed.folders, *folders})
        installed.units = {**{unit.name: "" for unit in wanted.units}, **installed.units}
        installed.save(self._machine)

    def _record(self) -> None:
        """Write down that what should disappear has."""
        wanted, installed = self._wanted, self._installed
        names = {unit.name for unit in wanted.units}
        installed.engine = wanted.engine
        installed.files = [file.path for file in wanted.files]
        installed.links = [link.path for link in wanted.links]
        installed.units = {name: value for name, value in installed.units.items() if name in names}
        installed.prepared = {
            path: value for path, value in installed.prepared.items() if path in installed.files
        }
        installed.save(self._machine)

    def _prepare(self, writes: Sequence[File]) -> None:
        """Install the files that prepare the host, and apply those that were not applied yet."""
        self._write([file for file in writes if is_preparation(file.path)])
        for prefix, command in PREPARATIONS:
            for file in self._wanted.files:
                if file.path.startswith(prefix) and self._installed.prepared.get(file.path) != file.sha256:
                    self._apply(prefix, command, file)

    def _apply(self, prefix: str, command: tuple[str, ...], file: File) -> None:
        done = self._machine.run((*command, str(self._machine.path(file.path))))
        if done.returncode and prefix in MAY_FAIL:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            self._pusher.tell("warning", text=f"{file.path}: {'; '.join(lines)}")
        else:
            require(done, f"`{file.path}` cannot be applied")
        self._installed.prepared[file.path] = file.sha256
        self._installed.save(self._machine)

    def _write(self, files: Sequence[File]) -> None:
        """Install files: all beside their places first, so that renaming them is a matter of a moment."""
        beside: list[tuple[Path, Path]] = []
        for file in files:
            path = self._machine.path(file.path)
            owner = owner_of(file.owner) if self._machine.owns() else None
            if self._machine.owns() and owner is None:
                raise Refusal(f"`{file.path}` belongs to `{file.owner}`, who does not exist here")
            beside.append(
                (write_beside(path, self._wanted.content(self._machine, file), mode_of(file), owner), path)
            )
        for new, path in beside:
            new.replace(path)
        for folder in {path.parent for _, path in beside}:
            sync(folder)

    def _remove(self, paths: Sequence[str]) -> None:
        """Delete what is no longer wanted, and the folders made for it once they are empty."""
        for path in paths:
            self._machine.path(path).unlink(missing_ok=True)
        kept = []
        for folder in sorted(self._installed.folders, reverse=True):
            try:
                self._machine.path(folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # something lies in it: ours, or an operator's
                kept.append(folder)
        self._installed.folders = sorted(kept)

    def bring_up(self, step: int) -> bool:
        """Start the units of a step that changed or are not up, all at once. Whether they all came up."""
        units = [unit for unit in self._wanted.services if unit.step == step]
        since = time.time()
        starts = self._stop(units)
        if starts:
            self._pusher.tell("progress", text=f"step {step}: starting {counted(len(starts), 'unit')}")
            # The target first: in its one transaction systemd keeps the order of all that hangs in it.
            targets = [unit for unit in self._wanted.units if unit.is_target and unit.step == step]
            self._systemctl("start", names_of([*targets, *starts]))
        failures = self._wait(starts, deadline=time.monotonic() + self._timeout)
        self._note(units, failures)
        self._started += starts
        failed = self._failures(starts, failures, since)
        self._pusher.tell("step", step=step, started=names_of(starts), failed=failed)
        return not failures

    def _stop(self, units: Sequence[Unit]) -> list[Unit]:
        """Stop those of the units that must start, and say which: they changed, or they are not up."""
        states = unit_states(self._machine, names_of(units))
        starts = to_start(self._machine, units, self._hashes, self._installed.units, states)
        self._forget(starts)
        if failed := [unit.name for unit in starts if states[unit.name].active == "failed"]:
            self._machine.run(("systemctl", "reset-failed", *failed))
        running = [unit.name for unit in starts if states[unit.name].active not in ("inactive", "failed")]
        if not running:
            return starts
        self._systemctl("stop", running)
        states = unit_states(self._machine, names_of(units))
        return to_start(self._machine, units, self._hashes, self._installed.units, states)

    def _forget(self, units: Sequence[Unit]) -> None:
        """Take back what is known of units before they start, and the stamps of those that changed."""
        for unit in units:
            if unit.stamp and self._installed.units[unit.name]:
                self._machine.path(unit.stamp).unlink(missing_ok=True)
            self._installed.units[unit.name] = ""
        if units:
            self._installed.save(self._machine)

    def _inactive(self, names: Sequence[str]) -> list[str]:
        states = unit_states(self._machine, names)
        return [name for name in names if states[name].active != "active"]

    def _systemctl(self, verb: str, names: Sequence[str]) -> None:
        """Have units started or stopped together. How they fared is asked of the units themselves."""
        if not names:
            return
        argv = ("systemctl", verb, *names)
        text = f"waiting for {counted(len(names), 'unit')}"
        deadline = time.monotonic() + self._timeout
        with self._machine.start(argv) as job:
            while not beat(lambda: job.poll() is not None, self._pusher, text):
                if time.monotonic() > deadline:
                    job.kill()

    def _wait(self, units: Sequence[Unit], deadline: float) -> dict[str, str]:
        """Wait until every unit is up or lost; the names of those that are lost, and why."""
        failures: dict[str, str] = {}
        waiting = list(units)
        beat, pause = time.monotonic(), 0.05
        while waiting:
            verdicts = verdicts_on(self._machine, self._wanted.engine, waiting)
            failures.update({name: why for name, why in verdicts.items() if why not in ("up", "waiting")})
            waiting = [unit for unit in waiting if verdicts[unit.name] == "waiting"]
            if waiting and time.monotonic() > deadline:
                failures.update({unit.name: f"not up after {self._timeout:g} s" for unit in waiting})
                break
            if time.monotonic() > beat + HEARTBEAT:
                beat = time.monotonic()
                self._pusher.tell("progress", text=f"waiting for {', '.join(names_of(waiting))}")
            if waiting:
                time.sleep(pause)
                pause = min(1.0, pause * 2)
        return failures

    def _note(self, units: Sequence[Unit], failures: Mapping[str, str]) -> None:
        """Remember with which hash the units came up."""
        before = dict(self._installed.units)
        for unit in units:
            self._installed.units[unit.name] = "" if unit.name in failures else self._hashes[unit.name]
        if self._installed.units != before:
            self._installed.save(self._machine)

    def _failures(
        self, units: Sequence[Unit], failures: Mapping[str, str], since: float
    ) -> list[dict[str, object]]:
        """Why units are lost, with the last lines of their journals."""
        return [
            {
                "unit": unit.name,
                "why": failures[unit.name],
                "journal": [
                    without(line, self._wanted.secrets) for line in journal(self._machine, unit, since)
                ],
            }
            for unit in units
            if unit.name in failures
        ]

    def finish(self, *, settle: float) -> int:
        """See that what started has stayed up, then make the generation current."""
        machine, wanted = self._machine, self._wanted
        targets = [unit.name for unit in wanted.units if unit.is_target]
        self._systemctl("start", self._inactive(targets))
        if self._started:
            since = time.time() - HEARTBEAT
            time.sleep(settle)
            failures = self._wait(wanted.services, deadline=time.monotonic() + self._timeout)
            if failures:
                self._note(wanted.services, failures)
                failed = self._failures(wanted.services, failures, since)
                self._pusher.tell("step", step=0, started=[], failed=failed)
                return 1
        clean_stamps(machine, wanted)
        switch(machine, wanted.number)
        write_summary(machine, wanted, self._salt)
        collect_garbage(machine)
        self._pusher.tell("done", generation=wanted.number)
        return 0


def _missing_folders(machine: Machine, paths: Iterable[str]) -> set[str]:
    """The folders that will have to be made for some paths."""
    parents = {str(parent) for path in paths for parent in Path(path).parents}
    return {parent for parent in parents if not machine.path(parent).is_dir()}

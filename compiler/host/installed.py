"""The record of what heatsink has installed on the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .layout import CURRENT, INSTALLED
from .machine import Machine
from .manifest import names_of
from .sealed import DamagedError, unsealed, write_sealed
from .store import Generation, kept_generations, linked


class Installed:
    """What heatsink has installed. It is written before changes too, so that it is never incomplete."""

    def __init__(self) -> None:
        self.generation = 0
        self.engine = ""
        self.reload = False  # unit files have changed since the last daemon-reload
        self.reload_networks = False  # files of systemd-networkd have changed since it last read them
        self.stale_links: list[str] = []  # of networkd, that are to be deleted before it does
        self.files: list[str] = []
        self.links: list[str] = []
        self.folders: list[str] = []  # those that heatsink created
        self.units: dict[str, str] = {}  # name → the hash it came up with, "" before
        self.prepared: dict[str, str] = {}  # path → hash of what was applied
        self.is_rebuilt = False  # it was damaged
        self.project = ""  # that the host belongs to; "" if nobody named one
        self.taken: list[str] = []  # paths whose originals are kept, if there were any

    @property
    def paths(self) -> set[str]:
        """Where something of heatsink's is, or may be."""
        return {*self.files, *self.links}

    @classmethod
    def on(cls, machine: Machine) -> Installed:
        """The record on this host; empty before the first push, rebuilt if it is damaged or lost."""
        try:
            record = cls._of(unsealed(machine.path(INSTALLED).read_bytes()))
        except FileNotFoundError:
            return cls.rebuilt(machine) if linked(machine, CURRENT) else cls()
        except (DamagedError, AttributeError, IsADirectoryError):
            return cls.rebuilt(machine)
        return record if record.is_sound else cls.rebuilt(machine)

    @classmethod
    def _of(cls, entry: Mapping[str, Any]) -> Installed:
        """The record with these values. Unknown keys are ignored: other formats may have them."""
        record = cls()
        vars(record).update({name: value for name, value in entry.items() if name in vars(record)})
        return record

    @property
    def is_sound(self) -> bool:
        """Whether its values have the types of a record: foreign JSON may have the same names."""
        values, blank = vars(self), vars(Installed())
        items = (item for value in values.values() if isinstance(value, (list, dict)) for item in value)
        return all(type(values[name]) is type(blank[name]) for name in blank) and all(
            isinstance(item, str) for item in items
        )

    @classmethod
    def rebuilt(cls, machine: Machine) -> Installed:
        """What may be installed, by all kept generations: nothing is forgotten, and all units start anew."""
        record = cls()
        record.generation = linked(machine, CURRENT)
        record.reload = record.is_rebuilt = True
        for kept in kept_generations(machine):
            record.engine = record.engine or kept.engine
            record.files = sorted({*record.files, *(file.path for file in kept.files)})
            record.links = sorted({*record.links, *(link.path for link in kept.links)})
            record.taken = sorted({*record.taken, *kept.manifest.takes_over})
            record.project = record.project or kept.manifest.project
            record.units.update(dict.fromkeys(names_of(kept.units), ""))
        return record

    def save(self, machine: Machine) -> None:
        """Write the record to disk."""
        self.is_rebuilt = False
        write_sealed(machine.path(INSTALLED), vars(self))

    def came_up_otherwise(self, unit: str, hashes: Mapping[str, str]) -> bool:
        """Whether a unit last came up with another hash than the one in `hashes`."""
        return self.units.get(unit, "") not in ("", hashes[unit])

    def announce(
        self,
        machine: Machine,
        wanted: Generation,
        folders: Iterable[str],
        stale_links: Iterable[str],
        *,
        reload: bool,
        reload_networks: bool,
    ) -> None:
        """Record what is about to be installed, so that nothing is forgotten whatever happens."""
        self.generation = wanted.number
        self.engine = self.engine or wanted.engine
        self.reload = self.reload or reload
        self.reload_networks = self.reload_networks or reload_networks
        self.stale_links = sorted({*self.stale_links, *stale_links})
        self.files = sorted({*self.files, *(file.path for file in wanted.files)})
        self.links = sorted({*self.links, *(link.path for link in wanted.links)})
        self.taken = sorted({*self.taken, *wanted.manifest.takes_over})
        self.folders = sorted({*self.folders, *folders})
        self.units = {**{unit.name: "" for unit in wanted.units}, **self.units}
        self.save(machine)

    def leave(self, machine: Machine, paths: Iterable[str]) -> None:
        """Record that files in these places are not heatsink's any more."""
        left = set(paths)
        self.files = [path for path in self.files if path not in left]
        self.links = [path for path in self.links if path not in left]
        self.taken = [path for path in self.taken if path not in left]
        self.save(machine)

    def record(self, machine: Machine, wanted: Generation) -> None:
        """Record that the wanted generation, and nothing else, is installed."""
        names = {unit.name for unit in wanted.units}
        self.engine = wanted.engine
        self.files = [file.path for file in wanted.files]
        self.links = [link.path for link in wanted.links]
        self.taken = sorted(wanted.manifest.takes_over)
        self.units = {name: value for name, value in self.units.items() if name in names}
        self.prepared = {path: value for path, value in self.prepared.items() if path in self.files}
        self.save(machine)

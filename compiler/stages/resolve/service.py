"""role_data of one service: evaluated once for a role, and again only where hosts differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from compiler import schemas
from compiler.diagnostics import CompileError, Report
from compiler.hot.reads import Reads, ResultsByReads
from compiler.hot.stack import Stack
from compiler.hot.template import Template
from compiler.model import secret
from compiler.model.service import CONTRIBUTIONS, Part
from compiler.node import Mapping, Node, Scalar, Sequence, scalar_of
from compiler.stages.resolve.role_data import Seen, Written, role_data

OUTPUT = "role_data"
PARTS = "parts"  # key of role_data: a list of further role_data, such as what nested templates put out
_DEPTHS = {"docker_config": 3, "container_config": 3, "kolla_config": 2, "config_data": 3, CONTRIBUTIONS: 3}


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of role_data before it is evaluated: its keys, where each is written, and the value."""

    path: tuple[str, ...]
    keys: tuple[Node, ...]
    node: Node
    reads: Reads | None = None  # what a function read that made the value, which is evaluated then
    piece: int = 0  # number of the entry of `parts` that it is in; 0 is role_data itself

    @property
    def is_for_others(self) -> bool:
        """Whether it is for the hosts of another service."""
        return self.path[0] == CONTRIBUTIONS


@dataclass(slots=True, eq=False)
class Service:
    """One service of one role: its template, and what was computed for its hosts so far."""

    name: str
    template: Template
    alias: Node
    _slots: ResultsByReads[tuple[_Slot, ...]] = field(default_factory=ResultsByReads)
    _parts: dict[tuple[int, tuple[str, ...]], ResultsByReads[Part]] = field(default_factory=dict)
    _seen: Seen = field(default_factory=Seen)

    def parts(self, stack: Stack, variants: dict[str, Node], report: Report) -> tuple[Part, ...]:
        """The parts on one host. `variants`: its values of the parameters that differ between hosts.

        Raises CompileError for mistakes in the template, and for role_data that its schema refuses.
        """
        slots = self._slots_on(stack, variants)
        return self._evaluated((slot for slot in slots if not slot.is_for_others), stack, variants, report)

    def contributions(self, stack: Stack, variants: dict[str, Node], report: Report) -> tuple[Part, ...]:
        """What it sets for the hosts of other services, as it is on one host of its own."""
        slots = self._slots_on(stack, variants)
        return self._evaluated((slot for slot in slots if slot.is_for_others), stack, variants, report)

    def _slots_on(self, stack: Stack, variants: dict[str, Node]) -> tuple[_Slot, ...]:
        slots = self._slots.find(variants)
        if slots is None:
            with stack.memo.recorder.recording() as reads:
                slots = tuple(_slots(stack))
            self._slots.keep(reads, slots)
        return slots

    def _evaluated(
        self, slots: Iterable[_Slot], stack: Stack, variants: dict[str, Node], report: Report
    ) -> tuple[Part, ...]:
        parts, fresh = [], []
        for slot in slots:
            shared = self._parts.setdefault((slot.piece, slot.path), ResultsByReads())
            part = shared.find(variants)
            if part is None:
                part, reads = self._part(stack, slot)
                _warn_of_plain_secrets(reads, report)
                fresh.append((slot, part, reads))
            parts.append(part)
        for piece in sorted({slot.piece for slot, _, _ in fresh}):
            self._check([Written(slot.keys, part) for slot, part, _ in fresh if slot.piece == piece])
        for slot, part, reads in fresh:  # what is kept is valid
            self._parts[slot.piece, slot.path].keep(reads, part)
        return tuple(parts)

    def _part(self, stack: Stack, slot: _Slot) -> tuple[Part, Reads]:
        value, reads = slot.node, slot.reads
        if reads is None:
            with stack.memo.recorder.recording() as reads:
                value = stack.scope.value(slot.node)
        part = Part(
            service=self.name,
            path=slot.path,
            node=value,
            place=slot.keys[-1].span,
            places=tuple(sorted(reads.places.items())),
            secrets=frozenset(reads.secrets),
            shared=reads.are_shared,
        )
        return part, reads

    def _check(self, fresh: list[Written]) -> None:
        """Check parts with the schema, unless it has accepted equal ones on another host."""
        unseen = [written for written in fresh if written.part not in self._seen]
        if unseen:
            schemas.check(role_data(self.name, self.template.root, self.alias, unseen), "role_data")
        for written in fresh:
            self._seen.add(written.part)


def _slots(stack: Stack) -> Iterator[_Slot]:
    """The parts of role_data, as far down as their names are known without evaluating them."""
    root = stack.output_node(OUTPUT, stack.template.root)
    for piece, (mapping, reads) in enumerate(_pieces(stack, root, None)):
        for key, value in mapping.entries.items():
            if key != PARTS:
                top = _Slot((key,), (mapping.keys.get(key, mapping),), value, reads, piece)
                yield from _below(stack, top, _DEPTHS.get(key, 1) - 1)


def _pieces(stack: Stack, root: Node, known: Reads | None) -> Iterator[tuple[Mapping, Reads | None]]:
    """role_data, and that of its `parts` at any depth, each with what was read if it is evaluated."""
    node, reads = (root, known) if known is not None else _shallow(stack, root)
    if not isinstance(node, Mapping):
        raise CompileError(f"`role_data` must be a mapping, not {node.kind}", root.span)
    yield node, reads
    if PARTS in node.entries:
        listed, below = (
            (node.entries[PARTS], reads) if reads is not None else _shallow(stack, node.entries[PARTS])
        )
        if not isinstance(listed, Sequence):
            raise CompileError(f"`parts` must be a list, not {listed.kind}", node.key_span(PARTS))
        for item in listed.items:
            for mapping, read in _pieces(stack, item, below):
                if "service_name" in mapping.entries:
                    place = mapping.key_span("service_name")
                    raise CompileError(
                        "a part of role_data has no `service_name` of its own", place, "delete it"
                    )
                yield mapping, read


def _below(stack: Stack, slot: _Slot, depth: int) -> Iterator[_Slot]:
    node, reads = (slot.node, slot.reads) if slot.reads is not None else _shallow(stack, slot.node)
    if isinstance(node, Scalar) and node.value is None:
        return
    if depth == 0 or not isinstance(node, Mapping):
        yield _Slot(slot.path, slot.keys, node, reads, slot.piece)
        return
    for key, value in node.entries.items():
        name = scalar_of(key, node.key_node(key))
        refuse_secret(name, f"a name in `{slot.path[0]}`", slot.keys[-1])
        below = _Slot((*slot.path, key), (*slot.keys, name), value, reads, slot.piece)
        yield from _below(stack, below, depth - 1)


def _shallow(stack: Stack, node: Node) -> tuple[Node, Reads | None]:
    """The node with a call at its top evaluated, and what that read, if everything below is evaluated too."""
    with stack.memo.recorder.recording() as reads:
        value, is_value = stack.scope.shallow(node)
    return value, reads if is_value else None


def refuse_secret(node: Node, what: str, place: Node) -> None:
    """Raise CompileError if a text holds a secret that every user of a host would see."""
    if secret.held_by(node):
        raise CompileError(f"{what} {secret.EXPOSED}", place.span, "use a parameter that is not hidden")


def _warn_of_plain_secrets(reads: Reads, report: Report) -> None:
    for name in sorted(reads.hidden):
        report.warn(
            f"the secret `{name}` is in plain text at {reads.places[name].place}",
            hint="move it to secrets.yaml, which only its owner can read",
        )

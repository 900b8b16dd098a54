"""role_data of every service on every host: evaluated once a role, again only where hosts really differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace

from compiler.diagnostics import CompileError, Report, closest
from compiler.hot.evaluation import Evaluation
from compiler.hot.loader import TemplateLoader
from compiler.hot.memo import Memo
from compiler.hot.reads import Reads, Shared
from compiler.hot.registry import registered
from compiler.hot.resources import root_stack
from compiler.hot.resources.nested import Nested
from compiler.hot.stack import Stack
from compiler.hot.template import Template
from compiler.model import secret
from compiler.model.container import Backend
from compiler.model.random_string import STANDARD, Recipe
from compiler.model.service import HostData, Part
from compiler.model.stack import NOTHING, Environment, Host, Inputs, Opener, Role, TemplateFile
from compiler.node import Mapping, Node, Scalar, alike, expect_string, given, mapping_of
from compiler.stages.resolve.facts import fleet_facts, self_fact
from compiler.stages.resolve.settings import OWN, for_role, laid_over, role_parameters, services, settings

OUTPUT = "role_data"
_DEPTHS = {"docker_config": 3, "container_config": 3, "kolla_config": 2, "config_data": 3}
_FACTS = frozenset(("Self", "ServiceHosts", "ServiceNodeIps", "BootstrapHosts", "RoleName", "RoleParameters"))

Check = Callable[[Node, str], None]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of role_data before it is evaluated: its keys, where each is written, and the value."""

    path: tuple[str, ...]
    keys: tuple[Node, ...]
    node: Node
    is_value: bool  # evaluated already, as a function made it


@dataclass(slots=True, eq=False)
class _Service:
    """One service of one role: its template, and what was computed of it for the hosts so far."""

    name: str
    template: Template
    alias: Node
    slots: Shared[tuple[_Slot, ...]] = field(default_factory=Shared)
    parts: dict[tuple[str, ...], Shared[Part]] = field(default_factory=dict)
    valid: dict[tuple[str, ...], Node] = field(default_factory=dict)  # parts that the schema has seen

    def has_seen(self, part: Part) -> bool:
        """Whether the schema would say of a part what it said of that part on another host: they differ
        in the data of a configuration file alone, of which only the kinds of values are its matter."""
        known, node = self.valid.get(part.path), part.node
        if part.path[0] != "config_data" or not isinstance(known, Mapping) or not isinstance(node, Mapping):
            return False
        return known.entries.get("mode") is node.entries.get("mode") and alike(known, node)


@dataclass(slots=True)
class _RoleScope:
    role: Role
    parameters: dict[str, Node]
    variants: frozenset[str]
    services: tuple[_Service, ...]


class Resolver:
    """Resolves hosts one by one. `check(role_data, schema name)` is asked about everything that is new."""

    def __init__(
        self,
        inputs: Inputs,
        environment: Environment,
        opener: Opener,
        check: Check,
        backend: Backend | None,
        report: Report,
    ) -> None:
        self._inputs = inputs
        self._environment = environment
        self._check = check
        self._backend = backend
        self._report = report
        self._base = Evaluation(
            loader=TemplateLoader(opener),
            registry=environment.resource_registry,
            secrets=inputs.secrets,
            random_strings=self._string,
        )
        self._roles = self._role_scopes()
        self._hosts_of = self._service_hosts()
        self._facts = fleet_facts(self._hosts_of)

    def hosts(self) -> Iterator[HostData]:
        """Every chosen host, resolved. Mistakes are collected over all of them and raised at the end."""
        for host in self._inputs.hosts:
            if host.name in self._inputs.chosen:
                with self._report.collecting():
                    yield self._host(host)
        self._report.check()

    def service_names(self) -> frozenset[str]:
        """The names of all services of all roles."""
        return frozenset(service.name for scope in self._roles.values() for service in scope.services)

    def _role_scopes(self) -> dict[str, _RoleScope]:
        scopes = {}
        for role in self._inputs.roles.values():
            with self._report.collecting():
                scopes[role.name] = self._role_scope(role)
        self._report.check()
        return scopes

    def _role_scope(self, role: Role) -> _RoleScope:
        parameters = for_role(self._environment, role)
        hosts = [host for host in self._inputs.hosts if host.role == role.name]
        varying = {name for host in hosts for name in host.parameters}
        evaluation = self._world(parameters, {}, frozenset())
        found: list[_Service] = []
        for alias in services(self._environment, role):
            with self._report.collecting():
                service = self._service(alias, evaluation)
                _refuse_double(service, found)
                found.extend([service] if service is not None else [])
        variants = frozenset({"Self", *varying, *(["RoleParameters"] if varying else [])})
        return _RoleScope(role, parameters, variants, tuple(found))

    def _service(self, alias: Node, evaluation: Evaluation) -> _Service | None:
        """The service behind an alias of the registry; None if it is switched off there."""
        name = expect_string(alias, "a service")
        found = registered(evaluation.registry, name, (), alias, what="service")
        if found.target == NOTHING:
            return None
        if not isinstance(found.target, TemplateFile):
            raise CompileError(f"service `{name}` is a `{found.target}`, not a template", alias.span)
        loaded = evaluation.loader.template(found.target.tree, found.target.path, found.node)
        stack = root_stack(evaluation, loaded)
        root, _ = stack.scope.shallow(stack.output_node(OUTPUT, loaded.root))
        if not isinstance(root, Mapping) or "service_name" not in root.entries:
            raise CompileError("`role_data` has no `service_name`", root.span, "add `service_name: …`")
        called = stack.scope.value(root.entries["service_name"])
        return _Service(expect_string(called, "`service_name`"), loaded, alias)

    def _service_hosts(self) -> dict[str, tuple[Host, ...]]:
        hosts_of: dict[str, list[Host]] = {}
        for host in self._inputs.hosts:
            for service in self._roles[host.role].services:
                hosts_of.setdefault(service.name, []).append(host)
        return {name: tuple(hosts) for name, hosts in sorted(hosts_of.items())}

    def _world(
        self, parameters: dict[str, Node], facts: AbstractMapping[str, Node], variants: frozenset[str]
    ) -> Evaluation:
        return replace(self._base, facts=facts, defaults=parameters, variants=variants)

    def _string(self, name: str, recipe: Recipe) -> str:
        """A random string is a secret like any other: whoever pushes makes it, and keeps it."""
        if recipe != STANDARD:
            self._report.warn(
                f"`{name}` is generated as letters and digits, whatever its properties ask for",
                hint="write its value into secrets.yaml if it must be another",
            )
        return secret.reference(name)

    def _host(self, host: Host) -> HostData:
        scope = self._roles[host.role]
        parameters = laid_over(scope.parameters, host.parameters)
        facts = self._facts | {
            "Self": self_fact(host),
            "RoleName": given(host.role, "<role>"),
            "RoleParameters": self._role_parameters(scope.role, host),
        }
        evaluation = self._world(parameters, facts, scope.variants)
        variants = {name: facts.get(name) or parameters.get(name) for name in scope.variants}
        known = {name: node for name, node in variants.items() if node is not None}
        resolved, mistakes, memo = [], Report(), Memo()
        for service in scope.services:
            with mistakes.collecting():
                resolved.append((service.name, self._parts(service, evaluation, memo, known)))
        mistakes.check()
        return HostData(
            host=host,
            settings=settings(parameters, scope.role, host, self._backend),
            services=tuple(resolved),
            bootstraps=frozenset(
                name for name, hosts in self._hosts_of.items() if hosts[0].name == host.name
            ),
        )

    def _role_parameters(self, role: Role, host: Host) -> Node:
        entries = laid_over(role.parameters, role_parameters(self._environment, role))
        return mapping_of(laid_over(entries, host.parameters), role.node)

    def _parts(
        self, service: _Service, evaluation: Evaluation, memo: Memo, variants: dict[str, Node]
    ) -> tuple[Part, ...]:
        stack = root_stack(evaluation, service.template, memo=memo)
        slots = service.slots.find(variants)
        if slots is None:
            with stack.memo.recorder.recording() as reads:
                slots = tuple(_slots(stack))
            service.slots.keep(reads, slots)
        parts, fresh = [], []
        for slot in slots:
            shared = service.parts.setdefault(slot.path, Shared())
            part = shared.find(variants)
            if part is None:
                part, reads = _part(service, stack, slot)
                self._warn_of_plain_secrets(reads)
                fresh.append((slot, part, reads))
            parts.append(part)
        unseen = [(slot, part) for slot, part, _ in fresh if not service.has_seen(part)]
        if unseen:
            self._check(_role_data(service, unseen), "role_data")
        for slot, part, reads in fresh:  # what is kept is valid
            service.parts[slot.path].keep(reads, part)
            service.valid.setdefault(slot.path, part.node)
        return tuple(parts)

    def _warn_of_plain_secrets(self, reads: Reads) -> None:
        for name in sorted(reads.hidden):
            self._report.warn(
                f"the secret `{name}` stands in plain text, at {reads.places[name].place}",
                hint="take it out there and put it into secrets.yaml, which only its owner may read",
            )

    def check_parameters(self) -> None:
        """Point out every parameter that no template declares."""
        declared = self._base.loader.declared
        unknown = [(name, node) for name, node in self._written() if name not in declared]
        if not unknown:
            return
        self._declare_all()
        declared = self._base.loader.declared
        for name, node in unknown:
            if name not in declared:
                hint = closest(name, declared | OWN) or "take it away, or declare it in a template"
                self._report.suspect(f"no template declares the parameter `{name}`", node.span, hint)
        self._report.check()

    def _written(self) -> Iterator[tuple[str, Node]]:
        """Every parameter that an environment, a role or a host sets, with its place."""
        environment = self._environment
        suffixes = ("Parameters", "Services")
        read_here = OWN | {f"{role}{suffix}" for role in self._inputs.roles for suffix in suffixes}
        layers = [environment.parameter_defaults | environment.parameters]
        layers += [
            each.parameters | role_parameters(environment, each) for each in self._inputs.roles.values()
        ]
        layers += [host.parameters for host in self._inputs.hosts]
        for layer in layers:
            yield from ((name, node) for name, node in layer.items() if name not in read_here)

    def _declare_all(self) -> None:
        """Read every template of the registry: a parameter may belong to a service of no role in use.

        What is wrong with templates that nobody uses is not told.
        """
        for registration in self._base.registry.types.values():
            if isinstance(registration.target, TemplateFile):
                with Report().collecting():
                    file = registration.target
                    loaded = self._base.loader.template(file.tree, file.path, registration.node)
                    _declare_nested(root_stack(self._base, loaded))


def _declare_nested(stack: Stack) -> None:
    for name, written in stack.template.resources.items():
        found = stack.resource(name, written)
        if isinstance(found, Nested):
            _declare_nested(found.stack)


def _refuse_double(service: _Service | None, others: Iterable[_Service]) -> None:
    for other in others:
        if service is not None and service.name == other.name:
            raise CompileError(
                f"two services of one role have the name `{service.name}`",
                service.alias.span,
                f"the other is at {other.alias.span.place}",
            )


def _slots(stack: Stack) -> Iterator[_Slot]:
    """The parts of role_data, as far down as their names are known without evaluating them."""
    root = stack.output_node(OUTPUT, stack.template.root)
    node, is_value = stack.scope.shallow(root)
    if not isinstance(node, Mapping):
        raise CompileError(f"`role_data` must be a mapping, not {node.kind}", root.span)
    for key, value in node.entries.items():
        top = _Slot((key,), (node.keys.get(key, node),), value, is_value)
        yield from _below(stack, top, _DEPTHS.get(key, 1) - 1)


def _below(stack: Stack, slot: _Slot, depth: int) -> Iterator[_Slot]:
    node, is_value = (slot.node, True) if slot.is_value else stack.scope.shallow(slot.node)
    if isinstance(node, Scalar) and node.value is None:
        return
    if depth == 0 or not isinstance(node, Mapping):
        yield _Slot(slot.path, slot.keys, node, is_value)
        return
    for key, value in node.entries.items():
        child = _Slot((*slot.path, key), (*slot.keys, node.keys.get(key, node)), value, is_value)
        yield from _below(stack, child, depth - 1)


def _part(service: _Service, stack: Stack, slot: _Slot) -> tuple[Part, Reads]:
    with stack.memo.recorder.recording() as reads:
        value = slot.node if slot.is_value else stack.scope.value(slot.node)
    part = Part(
        service=service.name,
        path=slot.path,
        node=value,
        place=slot.keys[-1].span,
        places=tuple(sorted(reads.places.items())),
        hidden=bool(reads.hidden),
        shared=reads.are_shared,
    )
    return part, reads


def _role_data(service: _Service, fresh: Iterable[tuple[_Slot, Part]]) -> Node:
    """New parts put together again as the role_data that they are of, for its schema."""
    root = _Branch(service.template.root)
    for slot, part in fresh:
        branch = root
        for key, written in zip(slot.path[:-1], slot.keys, strict=False):
            branch = branch.branches.setdefault(key, _Branch(written))
        branch.leaves[slot.path[-1]] = (slot.keys[-1], part.node)
    root.leaves.setdefault("service_name", (service.alias, given(service.name, "<service>")))
    return root.node()


@dataclass(slots=True)
class _Branch:
    place: Node
    branches: dict[str, _Branch] = field(default_factory=dict)
    leaves: dict[str, tuple[Node, Node]] = field(default_factory=dict)

    def node(self) -> Node:
        entries = {key: branch.node() for key, branch in self.branches.items()}
        keys = {key: branch.place for key, branch in self.branches.items()}
        entries |= {key: node for key, (_, node) in self.leaves.items()}
        keys |= {key: key_node for key, (key_node, _) in self.leaves.items()}
        return mapping_of(entries, self.place, keys)

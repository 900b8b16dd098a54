"""Real Heat's answer for templates of a rendered TripleO tree; runs in a venv that has Heat and its client.

    evaluate.py TO TEMPLATE [-e ENV]... [--output NAME]               one output of a root template
    evaluate.py TO TEMPLATE... [-e ENV]... --properties FILE          role_data of service templates

Templates and environments are loaded by python-heatclient, everything else is done by `heat.engine`, without
a database and without other services: a nested stack is stored in the resource that owns it, and the
attributes of resources that need a service are null. Resources are created on first use, because an output
needs few of those in a tree.

The answer is written to TO as JSON: the value, or for services `{template: {"role_data": …} | {"error": …}}`.
Seconds and the peak memory in MiB are printed as JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource as rusage
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)

from heat.api.openstack.v1.stacks import InstantiationData  # noqa: E402
from heat.common import config, context, environment_util  # noqa: E402, F401
from heat.engine import environment, resource, resources, template  # noqa: E402
from heat.engine import stack as stacks  # noqa: E402
from heat.engine.resources import stack_resource  # noqa: E402
from heat.engine.resources.openstack.heat import none_resource, resource_chain, value  # noqa: E402
from heat.objects import service  # noqa: E402
from heatclient.common import template_utils  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_serialization import jsonutils  # noqa: E402

ROOT_ID = "11111111-2222-3333-4444-555555555555"
PROJECT = "aaaabbbbccccdddd"
OWN = {
    "OS::Heat::None": none_resource.NoneResource,
    "OS::Heat::Value": value.Value,
    "OS::Heat::ResourceChain": resource_chain.ResourceChain,
}


def main() -> None:
    """Evaluate the templates on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("to", type=Path)
    parser.add_argument("templates", nargs="+")
    parser.add_argument("-e", dest="environments", action="append", default=[])
    parser.add_argument("--output", default="RoleData")
    parser.add_argument("--properties", type=Path)
    arguments = parser.parse_args()
    start_without_services()
    if arguments.properties:
        properties = json.loads(arguments.properties.read_text())
        load = resolve = 0.0
        answer: Any = {}
        for name in arguments.templates:
            answer[name] = service_answer(name, arguments.environments, properties)
    else:
        began = time.perf_counter()
        stack = loaded(arguments.templates[0], arguments.environments)
        load = time.perf_counter() - began
        answer = stack.outputs[arguments.output].get_value()
        resolve = time.perf_counter() - began - load
    arguments.to.write_text(json.dumps(answer))
    memory = rusage.getrusage(rusage.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"load": load, "resolve": resolve, "memory": memory}))


def service_answer(name: str, environments: list[str], properties: Mapping[str, Any]) -> dict[str, Any]:
    """The `role_data` of a service template, evaluated by a parent that passes these properties."""
    declared = template_utils.get_template_contents(name, fetch_child=False)[1].get("parameters") or {}
    parent = {
        "heat_template_version": "rocky",
        "resources": {
            "service": {
                "type": Path(name).absolute().as_uri(),
                "properties": {key: item for key, item in properties.items() if key in declared},
            }
        },
        "outputs": {"role_data": {"value": {"get_attr": ["service", "role_data"]}}},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(parent, file)
        file.flush()
        try:
            stack = loaded(file.name, environments)
            # In Heat, a stack with a failing part has no outputs.
            stack.validate()
            stack["service"].nested().validate()
            return {"role_data": stack.outputs["role_data"].get_value()}
        except Exception as error:  # noqa: BLE001 - Heat's own errors have no common class
            return {"error": f"{type(error).__name__}: {error}".replace(file.name, "parent")}


def loaded(name: str, environments: list[str]) -> stacks.Stack:
    """A stack as Heat's API creates it from a request of its client."""
    files, root = template_utils.get_template_contents(name)
    more, merged, listed = read_environments(tuple(environments))
    sent = jsonutils.loads(
        jsonutils.dumps(
            {
                "template": root,
                "files": {**files, **more},
                "environment": merged,
                "environment_files": listed,
                "parameters": {},
            }
        )
    )
    received = InstantiationData(sent)
    parsed = template.Template(received.template(), files=received.files())
    parameters = received.environment()
    environment_util.merge_environments(
        received.environment_files(),
        received.files(),
        parameters,
        parsed.all_param_schemata(received.files()),
    )
    parsed.env = environment.Environment(parameters)
    return alive(stacks.Stack(caller(), "overcloud", parsed, stack_id=ROOT_ID))


@cache
def read_environments(names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The files of environments, the merged environment, and the names of the environment files."""
    listed: list[str] = []
    files, merged = template_utils.process_multiple_environments_and_files(
        env_paths=list(names), env_list_tracker=listed
    )
    return files, merged, listed


def caller() -> context.RequestContext:
    """The context of a request by an operator."""
    return context.RequestContext(project_id=PROJECT, username="operator", auth_url="http://localhost")


class Resources(Mapping[str, resource.Resource]):
    """The resources of a stack, created on first use."""

    def __init__(self, stack: stacks.Stack) -> None:
        self.stack = stack
        self.created: dict[str, resource.Resource] = {}

    def __getitem__(self, name: str) -> resource.Resource:
        if name not in self.created:
            created = resource.Resource(name, self.stack.defn.resource_definition(name), self.stack)
            self.created[name] = created
            created.reparse()
            created.action = created.CREATE
            getattr(created, "handle_create", lambda: None)()
        return self.created[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stack.defn.enabled_rsrc_names())

    def __len__(self) -> int:
        return len(self.stack.defn.enabled_rsrc_names())


class ResourceData(dict[str, "NodeData"]):
    """The data of resources in a stack's definition."""

    def __init__(self, stack: stacks.Stack) -> None:
        self.stack = stack

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """A node for any resource."""
        if name not in self:
            self[name] = NodeData(self.stack, name)
        return self[name]


class NodeData:
    """Replaces `heat.engine.node_data.NodeData`, whose values are computed in advance."""

    action, status = resource.Resource.CREATE, resource.Resource.COMPLETE

    def __init__(self, stack: stacks.Stack, name: str) -> None:
        self.stack, self.name = stack, name

    def reference_id(self) -> str:
        """The value of `get_resource`."""
        return str(self.stack[self.name].FnGetRefId())

    def attribute(self, path: str | tuple[Any, ...]) -> Any:
        """The value of `get_attr`."""
        return self.stack[self.name].FnGetAtt(*([path] if isinstance(path, str) else path))

    def attributes(self) -> dict[str, Any]:
        """The value of `get_attr` without an attribute name."""
        return {name: self.attribute(name) for name in self.attribute_names()}

    def attribute_names(self) -> Iterator[str]:
        """All attributes of the resource."""
        return iter(self.stack[self.name].attributes)


def alive(stack: stacks.Stack) -> stacks.Stack:
    """The stack, with resources that are created on demand."""
    stack._resources = Resources(stack)
    stack.defn._resource_data = ResourceData(stack)
    return stack


def create_nested(self: Any, child: Any, parameters: Any = None, *_: Any, **__: Any) -> None:
    """Store the nested stack in the resource; Heat would request it from an engine."""
    self._nested = alive(self._parse_nested_stack(self.physical_resource_name(), child, parameters))
    self.resource_id = self._nested.id = self._nested.name


def nested_output(self: Any, name: str) -> Any:
    """An output of the nested stack; Heat would request all of them from an engine."""
    if name not in self._nested.defn.enabled_output_names():
        raise stack_resource.exception.NotFound(f"no output {name}")
    return self._nested.outputs[name].get_value()


class Stub(none_resource.NoneResource):
    """A resource that needs a service: all its attributes are null."""

    def validate_external(self) -> None:
        """Refuse an external resource, which only its service knows."""
        raise stack_resource.exception.StackValidationFailed(message=f"{self.name} is external")


def start_without_services() -> None:
    """Initialise Heat's engine as far as necessary."""
    logging.disable(logging.CRITICAL)
    cfg.CONF([], project="heat", default_config_files=[], default_config_dirs=[])
    cfg.CONF.set_override("max_resources_per_stack", -1)
    cfg.CONF.set_override("max_template_size", sys.maxsize)
    cfg.CONF.set_override("max_nested_stack_depth", 10)
    cfg.CONF.set_override("limit_iterators", -1, group="yaql")
    cfg.CONF.set_override("memory_quota", -1, group="yaql")
    resources.initialise()
    for name, known in resources.global_env().registry._registry.items():
        if isinstance(known, environment.ClassResourceInfo):
            known.value = OWN.get(name, Stub)
    service.Service.active_service_count = lambda _: 1
    stacks.Stack._db_resources_get = lambda _: {}
    resource.Resource.physical_resource_name = lambda self: f"{self.stack.name}-{self.name}"
    resource.Resource.data_set = lambda *_, **__: None
    stack_resource.StackResource.create_with_template = create_nested
    stack_resource.StackResource.get_output = nested_output
    # Members of a chain are evaluated directly, instead of through outputs for everything they might need.
    resource_chain.ResourceChain._nested_output_defns = lambda *_: ()


if __name__ == "__main__":
    main()

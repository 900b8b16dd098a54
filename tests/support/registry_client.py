"""A service whose image its host pulls with what the library's RegistryClient says of registries."""

from __future__ import annotations

import json
from collections.abc import Mapping

from compiler.files.secrets import SecretsFile
from compiler.lab import LabNode
from tests.support.nodes import Operator

TEMPLATE = """
heat_template_version: wallaby
parameters:
  WebImage: {type: string, description: Image of the container.}
outputs:
  role_data:
    value:
      service_name: web
      docker_config:
        step_1:
          web: {image: {get_param: WebImage}, restart: always, command: [sh, -c, exec sleep infinity]}
"""


def compile_web(
    operator: Operator, node: LabNode, image: str, settings: Mapping[str, object], secrets: dict[str, str]
) -> None:
    """Compile the service for a node, with an image and parameters of RegistryClient."""
    (operator.folder / "templates").mkdir(exist_ok=True)
    (operator.folder / "templates/web.yaml").write_text(TEMPLATE)
    host = {
        "name": node.name,
        "role": "Web",
        "address": node.address,
        "identity_file": str(node.lab.identity_file),
        "backend": operator.backend.value,
    }
    (operator.folder / "hosts.yaml").write_text(json.dumps({"hosts": [host]}))
    services = ["OS::Heatsink::Services::RegistryClient", "Web"]
    environment = {
        "resource_registry": {"Web": "templates/web.yaml"},
        "parameter_defaults": {"WebServices": services, "WebImage": image, **settings},
    }
    (operator.folder / "site.yaml").write_text(json.dumps(environment))
    (operator.folder / "secrets.yaml").unlink(missing_ok=True)
    SecretsFile(operator.folder / "secrets.yaml").add(secrets)
    operator.heatsink("compile", "-e", "site.yaml")

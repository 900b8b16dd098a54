"""Where the templates of a registry are found."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

from compiler import shipped
from compiler.files import ignore_read
from compiler.model.inputs import TemplateFile
from compiler.stages.load.inputs import Request, load

NAME = "OS::Example::Services::Pages"
PATH = "nginx/nginx-container.yaml"


def test_the_library_needs_no_folder_of_templates_beside_the_environment(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(f'resource_registry: {{"{NAME}": templates/{PATH}}}')
    with chdir(tmp_path):
        inputs = load(Request(roles=("Web",), environments=("site.yaml",)), ignore_read)
    target = inputs.environments[-1].resource_registry.types[NAME].target
    assert isinstance(target, TemplateFile)
    assert target.tree.find(target.path) == shipped.folder("templates") / PATH

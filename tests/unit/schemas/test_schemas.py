"""The published schemas, and what an operator reads when a file breaks one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from compiler import schemas
from compiler.cli.schema import schema
from compiler.diagnostics import CompileError, HeatsinkError
from compiler.node.yaml import parse
from compiler.schemas import wording
from compiler.source import Source

LEADING_ON = {"$ref", "items", "patternProperties", "properties"}  # only name further schemas
ASSERTIONS = Draft202012Validator.VALIDATORS.keys() - LEADING_ON


def complaints(name: str, text: str) -> str:
    """What checking a file says: the whole text that an operator reads, or "" for a valid file."""
    node = parse(Source("in.yaml", text))
    assert node is not None
    try:
        schemas.check(node, name)
    except CompileError as error:
        return error.render()
    return ""


def messages(name: str, text: str) -> list[str]:
    """Without the places: `message` or `message; hint`, one a problem."""
    node = parse(Source("in.yaml", text))
    assert node is not None
    try:
        schemas.check(node, name)
    except CompileError as error:
        return ["; ".join(filter(None, (each.message, each.hint))) for each in error.problems]
    return []


VALID = {
    "template": """
        heat_template_version: wallaby
        description: All parts
        parameters:
          Port: {type: number, default: 80, constraints: [{range: {min: 1}}]}
          Password: {type: string, hidden: true}
        conditions: {is_small: {equals: [{get_param: Port}, 80]}}
        resources: {Database: {type: ../mariadb/database.yaml, properties: {Name: shop}}}
        outputs:
          role_data:
            value:
              service_name: shop
              host_ports: [{get_param: Port}]
              parts: [{get_attr: [Database, role_data]}]
              config_data:
                shop: {etc/shop.conf: {ini: {DEFAULT: {port: {get_param: Port}}}, mode: {get_param: Mode}}}
              docker_config:
                step_4:
                  shop:
                    image: {get_param: Image}
                    volumes: {list_concat: [[a], [b]]}
                    environment: {map_merge: [{A: b}]}
          other: {value: 1}
        """,
    "role": """
        name: Controller
        description: Runs everything
        tags: [primary, controller]
        networks: {InternalApi: {subnet: internal_api_subnet}, External: null}
        CountDefault: 1
        HostnameFormatDefault: '%stackname%-controller-%index%'
        RoleParametersDefault: {Debug: true}
        ContainerBackend: quadlet
        update_serial: 25
        deprecated_param_ips: ControllerIPs
        ServicesDefault: ['OS::TripleO::Services::Memcached']
        """,
    "environment": """
        parameters: {A: 1}
        parameter_defaults: {B: [1, {c: d}], ControllerParameters: {Debug: false}}
        parameter_merge_strategies: {default: merge, B: deep_merge}
        resource_registry: {'OS::A': a.yaml, 'OS::B': null, resources: {x: {'OS::A': b.yaml}}}
        encrypted_param_names: []
        event_sinks: []
        """,
    "hosts": """
        defaults: {user: root, port: 22, identity_file: id, backend: podman}
        hosts:
        - {name: 'compute[000-099]', role: Compute, address: '10.0.1.[10-109]'}
        - name: web
          role: Web
          backend: docker
          networks: {internal_api: 10.0.2.7}
          parameters: {Debug: true}
        """,
    "image": f"""
        sources:
        - {{name: app, type: git, location: 'git@git.example:app.git', reference: feature/a}}
        - {{name: theme-1.0, type: url, location: 'https://files.example/a.tar.gz', sha256: {"a" * 64}}}
        - {{name: plugin, type: local, location: ../plugin}}
        labels: {{org.opencontainers.image.licenses: MIT, a: b}}
        build_args: {{APP_VERSION: '1.2', _x: ''}}
        patches: [{{file: ../fix.patch}}, {{file: a.patch, directory: /opt/app}}]
        """,
    "image_profiles": "profiles: {a: {images: ['nova-*'], roles: [Web], environments: [a.yaml]}}",
    "images_lock": f"""
        images: {{'registry:4000/a:1': 'sha256:{"0" * 64}'}}
        builds: {{a: {{base: 'debian:13@sha256:{"0" * 64}', packages: {{b: '1'}}, sources: {{c: '2'}}}}}}
        """,
    "image_users": """
        users: {a: {uid: 1}, b: {uid: 42500, gid: 42501, group: c, groups: [a, d], home: /srv/b}}
        groups: {d: 42502}
        """,
    "images": """
        build_args: {A: b}
        labels: {a.b: c}
        images: {web: {sources: [{name: app, reference: main}]}}
        lists: {nginx_packages_append: [a], base_packages_remove: [b], web_1_modules_override: []}
        """,
    "secret_kinds": """
        TlsCa: {kind: ca}
        WebTls: {kind: certificate, ca: TlsCa, names: [www.example.com, 192.0.2.7]}
        MigrationSsh: {kind: key_pair}
        """,
    "secrets": "{DbPassword: abc, Pin: '1234'}",
    "role_data": """
        service_name: keystone
        host_prep_tasks: [{name: x, file: {path: /a}}]
        host_ports: [5000, {port: 35357, protocol: tcp, address: 10.0.0.1}]
        docker_config:
          step_3:
            keystone_db_sync: {image: r/keystone:1, net: host, bootstrap: true, detach: false, timeout: 60}
          step_4:
            keystone:
              {image: r/keystone:1, net: host, privileged: false, user: root, restart: always, start_order: 2,
               volumes: ['/a:/b:ro', '', null], environment: {A: true, B: 1, C: x}, command: [a, 1],
               healthcheck: {test: /openstack/healthcheck, interval: 30, timeout: 1m30s},
               ulimit: [nofile=1024], stop_grace_period: 60, security_opt: label=disable, mem_limit: 512m,
               after: [a], requires: [b], family: keystone, cgroupns: host, tmpfs: [/tmp], label: {a: b}}
          step_5:
            keystone_init: {action: exec, command: keystone true, user: root, restart: on-failure:3}
        kolla_config:
          /var/lib/kolla/config_files/keystone.json:
            command: /usr/sbin/apache2 -DFOREGROUND
            config_files: [{source: /a/*, dest: /, merge: true, preserve_properties: true}]
            permissions: [{path: /var/log/a, owner: 'a:b', recurse: true, perm: '0750', optional: true}]
            directories: [{path: /a, owner: a, perm: '0750'}]
        config_data:
          keystone:
            etc/keystone/keystone.conf: {ini: {DEFAULT: {debug: false, hosts: [a, b]}, empty: null}}
            etc/httpd.conf: {template: 'Listen {{ port }}', variables: {port: 5000}, mode: '0640'}
            a: {json: [1]}
            b: {yaml: null}
            c: {text: hello}
        host_prep:
          tmpfiles: [{path: /var/log/x, mode: '0750', user: root, group: 42425, type: D!, age: 10d}]
          sysctl: {net.ipv4.ip_forward: 1}
          kernel_modules: [br_netfilter]
          users: [{name: nova, uid: 42436, group: nova, home: /var/lib/nova, groups: [kvm]}]
          groups: [{name: kvm, gid: 36}]
        """,
}


@pytest.mark.parametrize("name", schemas.names())
def test_a_file_that_uses_every_part_of_its_schema_is_valid(name: str) -> None:
    assert complaints(name, VALID[name]) == ""


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_a_schema_and_tells_an_editor_what_it_is_for(name: str) -> None:
    schema = json.loads(schemas.text(name))
    Draft202012Validator.check_schema(schema)
    assert schema["title"] and schema["description"].endswith(".")


@pytest.mark.parametrize("name", schemas.names())
def test_every_keyword_of_a_schema_has_words(name: str) -> None:
    used = {keyword for part in subschemas(json.loads(schemas.text(name))) for keyword in part}
    assert used & ASSERTIONS <= wording._WORDS.keys()


@pytest.mark.parametrize("name", schemas.names())
def test_every_pattern_comes_with_an_example_that_it_accepts(name: str) -> None:
    for part in subschemas(json.loads(schemas.text(name))):
        if "pattern" in part:
            assert all(Draft202012Validator(part).is_valid(example) for example in part["examples"]), part


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and those inside it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("$defs", "properties", "patternProperties"):
        for below in schema.get(keyword, {}).values():
            yield from subschemas(below)
    for keyword in ("items", "additionalProperties"):
        yield from subschemas(schema.get(keyword))
    for keyword in ("anyOf", "oneOf"):
        for below in schema.get(keyword, ()):
            yield from subschemas(below)


def test_a_role_file_may_hold_a_list_of_roles() -> None:
    assert complaints("role", "[{name: A, ServicesDefault: []}, {name: B, networks: [External]}]") == ""


def test_every_mistake_of_a_file_is_shown_at_its_place() -> None:
    text = """\
service_name: memcached
docker_config:
  step_1:
    memcached:
      imge: memcached:1
      net: [host]
      privileged: "yes"
"""
    assert (
        complaints("role_data", text)
        == """\
error: unknown key `imge`
 --> in.yaml:5:7
  |
5 |       imge: memcached:1
  |       ^^^^
hint: did you mean `image`?

error: `net` must be a string, not a list
 --> in.yaml:6:12
  |
6 |       net: [host]
  |            ^^^^^^

error: `privileged` must be a boolean, not a string
 --> in.yaml:7:19
  |
7 |       privileged: "yes"
  |                   ^^^^^"""
    )


def container(text: str) -> str:
    """Role data with one container."""
    return f"{{service_name: x, docker_config: {{step_1: {{x: {{{text}}}}}}}}}"


def kolla(text: str) -> str:
    """Role data with one config.json."""
    return f"{{service_name: x, kolla_config: {{/a.json: {{command: a, {text}}}}}}}"


def config_file(text: str) -> str:
    """Role data with one configuration file."""
    return f"{{service_name: x, config_data: {{v: {{etc/x.conf: {{{text}}}}}}}}}"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hosts", "[]", ["this must be a mapping, not a list"]),
        ("hosts", "hosts: []", ["`hosts` must not be empty"]),
        ("hosts", "hosts: [a]", ["an item of `hosts` must be a mapping, not a string"]),
        ("hosts", "hosts: [{role: Web}]", ["`name` is missing; add `name: …`"]),
        (
            "hosts",
            "hosts: [{name: a b, role: Web}]",
            ["invalid value `a b` for `name`; for example `compute[0-99]`"],
        ),
        ("hosts", "hosts: [{name: a, role: W, port: 70000}]", ["`port` must be at most 65535, not 70000"]),
        ("hosts", "hosts: [{name: a, role: W, port: 0}]", ["`port` must be at least 1, not 0"]),
        ("hosts", "hosts: [{name: a, role: W, port: 2.5}]", ["`port` must be a whole number, not `2.5`"]),
        (
            "hosts",
            "hosts: [{name: a, role: W, backend: dokcer}]",
            ["`backend` must be one of podman, quadlet, docker, not `dokcer`; did you mean `docker`?"],
        ),
        (
            "hosts",
            "hosts: [{name: 7, role: W}]",
            ["`name` must be a string, not a number; put the value in quotes"],
        ),
        (
            "environment",
            "parameter_default: {}",
            ["unknown key `parameter_default`; did you mean `parameter_defaults`?"],
        ),
        ("environment", "parameter_defaults:", ["`parameter_defaults` must be a mapping, not null"]),
        (
            "environment",
            "parameter_merge_strategies: {A: deep}",
            ["`A` must be one of overwrite, merge, deep_merge, not `deep`"],
        ),
        ("role", "7", ["this must be a mapping or a list, not a number"]),
        ("role", "{nme: X}", ["`name` is missing; add `name: …`", "unknown key `nme`; did you mean `name`?"]),
        (
            "role",
            "[{name: X}, {name: Y, ServicesDefault: {}}]",
            ["`ServicesDefault` must be a list, not a mapping; start each item with `- `"],
        ),
        ("role", "{name: X, networks: {A: {subnt: b}}}", ["unknown key `subnt`; did you mean `subnet`?"]),
        ("secrets", "{A: {b: c}}", ["`A` must be a string, not a mapping"]),
        ("secrets", "{A: yes}", ["`A` must be a string, not a boolean; put the value in quotes"]),
        ("role_data", "{}", ["`service_name` is missing; add `service_name: …`"]),
        (
            "role_data",
            "{service_name: x, docker_config: {step_7: {}}}",
            ["unknown key `step_7`; did you mean `step_5`?"],
        ),
        (
            "role_data",
            "{service_name: x, docker_config: {step_1: {a b: {}}}}",
            ["invalid key `a b` in `step_1`; for example `keystone_db_sync`"],
        ),
        (
            "role_data",
            container("restart: alwys"),
            [
                "`restart` must be one of always, unless-stopped, on-failure, no, none, false, not `alwys`; "
                "did you mean `always`?"
            ],
        ),
        (
            "role_data",
            container("security_opt: {a: b}"),
            ["`security_opt` must be a string or a list, not a mapping; start each item with `- `"],
        ),
        (
            "role_data",
            container("volumes: [[a]]"),
            ["an item of `volumes` must be a string or null, not a list"],
        ),
        (
            "role_data",
            container("command: [{a: b}]"),
            ["an item of `command` must be a string or a number, not a mapping"],
        ),
        (
            "role_data",
            container("stop_grace_period: soon"),
            ["invalid value `soon` for `stop_grace_period`; for example `1m30s`"],
        ),
        (
            "role_data",
            container("healthcheck: {tst: a}"),
            [
                "`test` is missing; add `test: …`",
                "unknown key `tst`; did you mean `test`?",
            ],
        ),
        (
            "role_data",
            config_file("mode: '0640'"),
            ["`etc/x.conf` must have one of `ini`, `yaml`, `json`, `text`, `template`"],
        ),
        (
            "role_data",
            config_file("text: a, json: {}"),
            ["`etc/x.conf` must have only one of `json`, `text`"],
        ),
        ("role_data", config_file("text: a, variables: {}"), ["`variables` requires `template`"]),
        (
            "role_data",
            config_file("text: a, mode: 0640"),
            ["`mode` must be a string, not a number; put the value in quotes"],
        ),
        (
            "role_data",
            config_file("text: a, mode: rw"),
            ["invalid value `rw` for `mode`; for example `0640`"],
        ),
        (
            "role_data",
            kolla("config_files: [{source: /a, dest: /b, preserve_properties: true, exclude: [c]}]"),
            ["unknown key `exclude`"],
        ),
        (
            "role_data",
            kolla("config_files: [{source: /a, dest: /b}]"),
            ["an item of `config_files` must have one of `preserve_properties`, `owner`"],
        ),
        (
            "role_data",
            kolla("config_files: [{source: /a, dest: /b, owner: root}]"),
            ["`owner` requires `perm`"],
        ),
        (
            "role_data",
            kolla("directories: [{path: /a/*, owner: root, perm: '0750'}]"),
            ["invalid value `/a/*` for `path`; for example `/var/log/app`"],
        ),
    ],
)
def test_a_mistake_is_told_in_an_operators_words(name: str, text: str, expected: list[str]) -> None:
    assert messages(name, text) == expected


def test_an_unknown_schema_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(HeatsinkError) as caught:
        schemas.text("host")
    assert caught.value.render() == "error: unknown schema `host`\nhint: did you mean `hosts`?"


def test_schema_prints_the_schema_that_is_named() -> None:
    result = CliRunner().invoke(schema, ["hosts"])
    assert json.loads(result.stdout)["title"] == "Hosts file"


def test_schema_without_a_name_lists_them() -> None:
    result = CliRunner().invoke(schema)
    assert result.stdout.split() == [
        "environment",
        "hosts",
        "image",
        "image_profiles",
        "image_users",
        "images",
        "images_lock",
        "role",
        "role_data",
        "secret_kinds",
        "secrets",
        "template",
    ]


def test_schemas_are_written_to_a_folder(tmp_path: Path) -> None:
    CliRunner().invoke(schema, ["-o", str(tmp_path / "all")])
    assert {path.name for path in (tmp_path / "all").iterdir()} == {
        f"{name}.schema.json" for name in schemas.names()
    }

"""What environments of OpenStack set, in every file of a host with all services."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.support.in_process import exit_code

ROOT = Path(__file__).parents[3]
DEBUG = re.compile(r"^debug = (.*)$", re.M)
URL = re.compile(r"^[A-Z_]*(PUBLIC_URL|SERVICE_URL|INTERNAL_URL)=([a-z]+):.*?:(\d+)", re.M)
PROCESSES = re.compile(r"^processes = (\d+)$", re.M)
TLS_PORT = re.compile(r"bind :(\d+) ssl")


def files(folder: Path, *environments: str, **parameters: object) -> Mapping[str, str]:
    """Path in the build of a host with all services → text."""
    (folder / "site.yaml").write_text(json.dumps({"parameter_defaults": parameters}))
    options = [word for name in ("openstack", *environments) for word in ("-e", f"environments/{name}.yaml")]
    assert exit_code(("compile", "--role", "AllInOne", *options, "-e", "site.yaml"), folder) == 0
    root = folder / "build/hosts/localhost/root"
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def debug(files: Mapping[str, str]) -> Mapping[str, str]:
    """Path of each configuration file of OpenStack → whether it asks for debug messages."""
    return {path: match[1] for path, text in files.items() if (match := DEBUG.search(text))}


def test_debug_messages_come_from_every_service(tmp_path: Path) -> None:
    quiet = debug(files(tmp_path))
    assert debug(files(tmp_path, "openstack-debug")) == dict.fromkeys(quiet, "true")
    assert {Path(path).name for path in quiet} == {
        f"{name}.conf"
        for name in ("cinder", "glance-api", "heat", "keystone", "neutron", "nova", "placement")
    }


def test_debug_messages_of_one_service_alone(tmp_path: Path) -> None:
    services = debug(files(tmp_path, NovaDebug="true"))
    assert {Path(path).name for path, value in services.items() if value == "true"} == {"nova.conf"}
    assert {value for path, value in services.items() if not path.endswith("nova.conf")} == {"false"}


def test_every_api_but_one_has_a_single_worker_where_memory_is_short(tmp_path: Path) -> None:
    assert set(workers(files(tmp_path)).values()) == {1, 2}
    few = workers(files(tmp_path, "openstack-low-memory-usage"))
    assert few == dict.fromkeys(few, 1) | {"nova_api": 2}


def workers(files: Mapping[str, str]) -> Mapping[str, int]:
    """Name of each service that uWSGI runs → its worker processes."""
    texts = {path: text for path, text in files.items() if path.endswith("-uwsgi.ini")}
    found = {
        Path(path).name.removesuffix("-uwsgi.ini"): PROCESSES.search(text) for path, text in texts.items()
    }
    return {name: int(match[1]) for name, match in found.items() if match}


def test_public_endpoints_have_tls_and_internal_ones_have_not(tmp_path: Path) -> None:
    built = files(tmp_path, "openstack-tls")
    urls = {match for text in built.values() for match in URL.findall(text)}
    assert {(kind, scheme) for kind, scheme, _ in urls} == {
        ("PUBLIC_URL", "https"),
        ("SERVICE_URL", "http"),
        ("INTERNAL_URL", "http"),
    }
    ports = set(TLS_PORT.findall(built["var/lib/config-data/haproxy/etc/haproxy/haproxy.cfg"]))
    assert {port for kind, _, port in urls if kind == "PUBLIC_URL"} < ports


def test_only_haproxy_needs_the_certificate(tmp_path: Path) -> None:
    built = files(tmp_path, "openstack-tls")
    assert [path for path, text in built.items() if "secret:PublicTls" in text] == [
        "var/lib/config-data/haproxy/etc/haproxy/tls.pem"
    ]


def test_the_url_of_the_message_queue_has_every_server(tmp_path: Path) -> None:
    hosts = [{"name": f"c{n}", "role": "Controller", "address": f"192.0.2.{n}"} for n in (1, 2)]
    (tmp_path / "hosts.yaml").write_text(json.dumps({"hosts": hosts}))
    assert exit_code(("compile", "-e", "environments/openstack.yaml"), tmp_path) == 0
    conf = tmp_path / "build/hosts/c2/root/var/lib/config-data/nova_api/etc/nova/nova.conf"
    [url] = re.findall(r"^transport_url = (.*)$", conf.read_text(), re.M)
    assert re.sub(r"@{heatsink:secret:[^}]*}", "SECRET", url) == (
        "rabbit://openstack:SECRET@192.0.2.1:5672,openstack:SECRET@192.0.2.2:5672/"
    )

"""An OpenStack with TLS at its public endpoints, and hosts that reach one another by ssh.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

import shlex
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from urllib.error import URLError

import pytest

from tests.support.cloud import FURTHER, Cloud, cloud_of, eventually, guests_of
from tests.support.nodes import invocations

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

NEEDED = ("Heat", "Horizon", "NovaMigrationTarget", "NovaVncProxy")
WAIT = """
heat_template_version: wallaby
resources:
  cloudformation: {type: "AWS::CloudFormation::WaitConditionHandle"}
  handle: {type: "OS::Heat::WaitConditionHandle", properties: {signal_transport: TOKEN_SIGNAL}}
  wait: {type: "OS::Heat::WaitCondition", properties: {handle: {get_resource: handle}, timeout: 300}}
outputs:
  cloudformation: {value: {get_resource: cloudformation}}
  endpoint: {value: {get_attr: [handle, endpoint]}}
  token: {value: {get_attr: [handle, token]}}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    without = (name for name in FURTHER if not name.rpartition(":")[2].startswith(NEEDED))
    with cloud_of(folder, {"AllInOne": 1}, *without, environments=("openstack-tls.yaml",)) as cloud:
        cloud.make_network()
        yield cloud


def trusting(cloud: Cloud) -> ssl.SSLContext:
    """A client that trusts the cloud's authority alone."""
    return ssl.create_default_context(cadata=cloud.output("ca.pem"))


def page(url: str | urllib.request.Request, context: ssl.SSLContext | None = None) -> str:
    """What a browser on this machine gets."""
    with urllib.request.urlopen(url, timeout=60, context=context) as answer:
        return f"{answer.url} {answer.status}\n{answer.read().decode()}"


def signalled(cloud: Cloud, name: str) -> str:
    """An output of the stack that waits."""
    shown = cloud.asked("stack", "output", "show", "waits", name)
    return str(shown["output_value"])


def schemes(cloud: Cloud) -> dict[str, set[str]]:
    """Interface → the schemes of the endpoints in the catalog."""
    endpoints = cloud.asked("endpoint", "list")
    return {
        interface: {
            endpoint["URL"].partition(":")[0] for endpoint in endpoints if endpoint["Interface"] == interface
        }
        for interface in ("public", "internal")
    }


def test_every_public_endpoint_is_https_and_every_internal_one_is_http(cloud: Cloud) -> None:
    assert schemes(cloud) == {"public": {"https"}, "internal": {"http"}}


def test_a_server_boots_and_its_console_is_an_https_page(cloud: Cloud) -> None:
    cloud.boots("first", "--network", "private")
    url = cloud.asked("console", "url", "show", "first")["url"]
    assert url.startswith(f"https://{cloud.controller.address}:13080/vnc_lite.html")
    assert "noVNC" in page(url, trusting(cloud))


def test_the_outputs_are_all_that_a_client_needs(cloud: Cloud) -> None:
    folder = cloud.controller.root / "srv/user"
    folder.mkdir()
    for name in ("ca.pem", "clouds.yaml"):
        (folder / name).write_text(cloud.output(name))
    image = cloud.controller.run(("podman", "inspect", "--format", "{{.ImageName}}", "kolla_toolbox")).strip()
    options = ("--network", "host", "--volume", "/srv/user:/srv/user:ro", "--workdir", "/srv/user")
    client = ("podman", "run", "--rm", *options, "--entrypoint", "openstack", image, "--os-cloud", "admin")
    servers = cloud.controller.run((*client, "server", "list", "-f", "value", "-c", "Name"), seconds=120)
    assert servers == "first\n"


def test_a_client_that_does_not_know_the_authority_refuses(cloud: Cloud) -> None:
    url = f"https://{cloud.controller.address}:13000/v3"
    assert " 200\n" in page(url, trusting(cloud))
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        page(url, ssl.create_default_context())


def test_browsers_are_led_to_the_dashboard_over_https(cloud: Cloud) -> None:
    login = page(f"http://{cloud.controller.address}/auth/login/", trusting(cloud))
    assert login.startswith(f"https://{cloud.controller.address}:443/auth/login/ 200\n")
    assert 'name="password"' in login
    assert cloud.output("dashboard") == f"https://{cloud.controller.address}:443"


def test_servers_signal_their_stack_at_the_public_apis(cloud: Cloud) -> None:
    cloud.write("/tmp/wait.yaml", WAIT)
    cloud.client("stack", "create", "--template", "/tmp/wait.yaml", "waits")
    assert eventually(lambda: signalled(cloud, "endpoint").startswith("https"), seconds=60)
    headers = {"X-Auth-Token": signalled(cloud, "token"), "Content-Type": "application/json"}
    signal = urllib.request.Request(signalled(cloud, "endpoint"), b'{"status": "SUCCESS"}', headers)
    assert " 200\n" in page(signal, trusting(cloud))
    shown = ("stack", "show", "waits", "--format", "value", "--column", "stack_status")
    assert eventually(lambda: cloud.client(*shown) == "CREATE_COMPLETE\n", seconds=60)


def test_the_cloudformation_api_is_public_too(cloud: Cloud) -> None:
    api = f"https://{cloud.controller.address}:13005"
    assert signalled(cloud, "cloudformation").startswith(f"{api}/v1/waitcondition/")
    assert " 200\n" in page(f"{api}/healthcheck", trusting(cloud))


def test_a_renewed_certificate_restarts_haproxy_alone(cloud: Cloud) -> None:
    keystone = invocations(cloud.controller, "keystone")
    cloud.operator.heatsink("secrets", "rotate", "PublicTls")
    assert [unit["unit"] for unit in cloud.operator.dry_run()["units"]] == ["heatsink-haproxy.service"]
    cloud.operator.push()
    assert invocations(cloud.controller, "keystone") == keystone
    assert " 200\n" in page(f"https://{cloud.controller.address}:13000/v3", trusting(cloud))


def test_compute_hosts_reach_one_another_by_ssh_with_the_key_alone(cloud: Cloud) -> None:
    address = cloud.controller.address
    assert cloud.inside("nova_compute", "ssh", address, "id", "-un") == "nova\n"
    guests = f"virsh --connect qemu+ssh://nova@{address}:8022/system list --name"
    assert cloud.inside("nova_libvirt", *shlex.split(guests)).startswith("instance-")
    refused = cloud.controller.attempt(
        ("ssh", "-p", "8022", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", f"nova@{address}")
    )
    assert "Permission denied (publickey)" in refused.stderr


def test_without_the_environment_everything_is_http_again(cloud: Cloud) -> None:
    guest = guests_of(cloud.controller)
    plain = replace(cloud, environments=("openstack.yaml",))
    plain.push()
    assert schemes(plain) == {"public": {"http"}, "internal": {"http"}}
    assert plain.status("first") == "ACTIVE"
    assert guests_of(cloud.controller) == guest
    with pytest.raises(URLError, match="refused"):
        page(f"https://{cloud.controller.address}:13000/v3")

"""The figures of a whole OpenStack on one node.

    python benchmarks/openstack.py [--rounds 3]

It boots a node of a lab, builds what is not built, deploys all services of `environments/openstack.yaml`, and
prints what an operator waits for, what memory they use, and how long a request waits while the image of its
API changes. It needs root, and on two cores about five minutes besides the images, and eight for each round.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import yaml  # noqa: E402

from compiler.lab import LabNode  # noqa: E402
from compiler.lab.cgroup import program_cgroup  # noqa: E402
from tests.support.cloud import Cloud, cloud_of, eventually  # noqa: E402

# Type of service in the catalogue → the image of its API.
IMAGES = {
    "identity": "keystone",
    "image": "glance-api",
    "placement": "placement-api",
    "compute": "nova-api",
    "network": "neutron-server",
    "block-storage": "cinder-api",
    "orchestration": "heat-api",
}
RELEASE = "{% block IMAGE_footer %}\nLABEL release=NUMBER\n{% endblock %}\n"
EVERY = 0.05  # seconds between two questions to an API
LONGEST = 900  # seconds that Keystone may take


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--rounds", type=int, default=3, help="deployments and changes of each kind (default: 3)"
    )
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, cloud_of(Path(folder), {"AllInOne": 1}) as cloud:
        memory(cloud.controller)
        say("push with nothing to do", [timed(push, cloud) for _ in range(rounds)])
        say("an option of nova-compute, until it is live", [option(cloud, 64 + n) for n in range(rounds)])
        new_images(cloud, rounds)
        for _ in range(rounds):
            deployment(cloud)


# Reports.


def say(what: str, seconds: Sequence[float], further: str = "") -> None:
    """A line of the result, at once: the median, and all that were measured."""
    several = (
        f", of {len(seconds)}: {', '.join(f'{each:.1f}' for each in seconds)}" if len(seconds) > 1 else ""
    )
    print(f"{what:<48}{statistics.median(seconds):7.1f} s{several}{further}", flush=True)


def memory(node: LabNode) -> None:
    """What the processes of a node use, with shared pages split among those that share them (PSS)."""
    group = program_cgroup(node.lab.bridge, node.name).path
    processes = {number for path in group.rglob("cgroup.procs") for number in path.read_text().split()}
    used = [share for number in processes if (share := proportional_set_size(number))]
    what = f"memory (PSS) of {len(used)} processes, without guests"
    print(f"{what:<48}{sum(used) / 2**20:7.2f} GiB", flush=True)


def proportional_set_size(process: str) -> int:
    """In KiB; 0 if the process has ended."""
    try:
        lines = Path("/proc", process, "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def timed(act: Callable[..., object], *arguments: object) -> float:
    """The seconds that something takes."""
    began = time.monotonic()
    act(*arguments)
    return time.monotonic() - began


# Changes.


def push(cloud: Cloud) -> None:
    """As an operator does, with the five seconds in which units must stay up."""
    cloud.operator.heatsink("push-artifacts", "--yes", "--settle", "5")


def option(cloud: Cloud, value: int) -> float:
    """An option that one service reads: from its change in an environment until the push has ended."""
    began = time.monotonic()
    cloud.change(NovaReservedHostMemory=value)
    push(cloud)
    return time.monotonic() - began


def new_images(cloud: Cloud, rounds: int) -> None:
    """How long a request to each API waits while its image is replaced alone, and then while all are."""
    catalogue = cloud.asked("catalog", "list")
    urls = {entry["Type"]: public(entry["Endpoints"]) for entry in catalogue if entry["Type"] in IMAGES}
    releases = itertools.count()
    for kinds in [*([kind] for kind in sorted(urls)), sorted(urls)]:
        measured = [
            replaced(cloud, {kind: urls[kind] for kind in kinds}, next(releases)) for _ in range(rounds)
        ]
        together = " with all others" if len(kinds) > 1 else ""
        for kind in kinds:
            answers = [answers[kind] for answers, _ in measured]
            refused = sum(not good for each in answers for _, good in each)
            say(
                f"{kind}{together}, the longest wait",
                [max(wait for wait, _ in each) for each in answers],
                f", {refused} refused",
            )
        say(f"that push{together}", [took for _, took in measured])


def replaced(
    cloud: Cloud, urls: dict[str, str], release: int
) -> tuple[dict[str, list[tuple[float, bool]]], float]:
    """How these APIs answer during a push of new images of them, and the seconds that it takes."""
    build(cloud, [IMAGES[kind] for kind in urls], release)
    with asked(urls) as answers:
        took = timed(push, cloud)
    return answers, took


def public(endpoints: Sequence[dict[str, str]]) -> str:
    """The root of a public endpoint, which needs no token."""
    [url] = {entry["url"] for entry in endpoints if entry["interface"] == "public"}
    return "/".join(url.split("/")[:3])


def build(cloud: Cloud, images: Sequence[str], release: int) -> None:
    """Build images anew with another label, push them to the registry, and compile with their digests."""
    blocks = (RELEASE.replace("IMAGE", image.replace("-", "_")) for image in images)
    override = cloud.operator.folder / "release.j2"
    override.write_text("{% extends parent_template %}\n" + "".join(blocks).replace("NUMBER", str(release)))
    prefix = json.loads((cloud.operator.folder / "site.yaml").read_text())["parameter_defaults"][
        "ContainerImagePrefix"
    ]
    cloud.operator.heatsink("images", "build", "--template-override", "release.j2", *images)
    registry = ("--registry", prefix.removesuffix("/heatsink"), "--insecure-registry")
    cloud.operator.heatsink("images", "push", *registry, *images)
    cloud.operator.heatsink("compile", *cloud.options)


@contextmanager
def asked(urls: dict[str, str]) -> Iterator[dict[str, list[tuple[float, bool]]]]:
    """How each API answers until the context ends: seconds of each wait, and whether that was good."""
    answers: dict[str, list[tuple[float, bool]]] = {kind: [] for kind in urls}
    end = threading.Event()
    askers = [threading.Thread(target=ask, args=(url, answers[kind], end)) for kind, url in urls.items()]
    for asker in askers:
        asker.start()
    try:
        yield answers
    finally:
        end.set()
        for asker in askers:
            asker.join()


def ask(url: str, answers: list[tuple[float, bool]], end: threading.Event) -> None:
    """One request after the other."""
    while not end.wait(EVERY):
        began = time.monotonic()
        good = is_answered(url)
        answers.append((time.monotonic() - began, good))


def is_answered(url: str) -> bool:
    """Whether somebody answers who is not in trouble himself."""
    try:
        with urlopen(url, timeout=120):
            return True
    except HTTPError as error:
        return error.code < 500
    except OSError:
        return False


# Deployments.


def deployment(cloud: Cloud) -> None:
    """Destroy everything, pull the images, and time what comes until a guest has said that it is up."""
    say("destroy, with volumes and images", [timed(cloud.operator.heatsink, "destroy", "--volumes", "--yes")])
    [manifest] = (cloud.operator.folder / "build/hosts").glob("*/manifest.json")
    images = {image for unit in json.loads(manifest.read_text())["units"] for image in unit.get("images", ())}
    cloud.controller.run(("podman", "pull", "--quiet", *sorted(images)), seconds=600)
    began = time.monotonic()
    token = threading.Thread(
        target=lambda: say("first token, after the start of the push", [first_token(cloud, began)])
    )
    token.start()
    push(cloud)
    say("everything is up and healthy", [time.monotonic() - began])
    token.join()
    jobs(cloud.controller)
    cloud.prepare()
    cloud.make_network()
    kind = ("--flavor", "tiny", "--image", "guest", "--network", "private")
    cloud.client("server", "create", "--wait", *kind, "first", seconds=300)
    say("image, flavor, network and an ACTIVE instance", [time.monotonic() - began])
    if not eventually(lambda: "GUEST-READY" in cloud.console("first")):
        sys.exit(cloud.console("first"))
    say("its guest is up", [time.monotonic() - began])
    cloud.client("server", "delete", "--wait", "first")


def first_token(cloud: Cloud, began: float) -> float:
    """The seconds until Keystone gives the administrator a token."""
    clouds: dict[str, Any] = yaml.safe_load(cloud.output("clouds.yaml"))["clouds"]
    access = next(iter(clouds.values()))["auth"]
    user = {"name": access["username"], "domain": {"name": "Default"}, "password": access["password"]}
    scope = {"project": {"name": access["project_name"], "domain": {"name": "Default"}}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = json.dumps({"auth": {"identity": identity, "scope": scope}}).encode()
    url = f"{access['auth_url'].removesuffix('/v3').rstrip('/')}/v3/auth/tokens"
    while time.monotonic() - began < LONGEST:
        try:
            with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=30) as answer:
                if answer.headers["X-Subject-Token"]:
                    break
        except OSError:
            time.sleep(EVERY)
    return time.monotonic() - began


def jobs(node: LabNode) -> None:
    """What jobs have taken that make something: databases, users, schemas, endpoints, cells."""
    properties = "--property=Id,Type,ExecMainStartTimestampMonotonic,ExecMainExitTimestampMonotonic"
    said = node.run(("systemctl", "show", properties, "heatsink-*.service"))
    units = [dict(line.split("=", 1) for line in block.splitlines()) for block in said.split("\n\n")]
    spans = [
        (
            int(unit["ExecMainStartTimestampMonotonic"]) / 1e6,
            int(unit["ExecMainExitTimestampMonotonic"]) / 1e6,
        )
        for unit in units
        if unit["Type"] == "oneshot"
        and int(unit["ExecMainExitTimestampMonotonic"])
        and "_wait_for_" not in unit["Id"]
    ]
    say(
        f"jobs ({len(spans)}), from the first to the last",
        [max(end for _, end in spans) - min(begin for begin, _ in spans)],
    )
    say("jobs, added up", [sum(end - begin for begin, end in spans)])


if __name__ == "__main__":
    main()

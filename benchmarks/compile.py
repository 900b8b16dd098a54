"""The cost of compiling, compared with a loop that only opens and writes the same files.

    python benchmarks/compile.py [HOSTS ...]

Each host has 40 services with one container, one config.json and one INI file with the address of the host,
so that a third of the files differ between hosts. Times are CPU seconds of whole processes.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SERVICES = 40
TEMPLATE = """\
heat_template_version: wallaby
parameters:
  Self: {{type: json, default: {{}}}}
  Workers{number}: {{type: number, default: 4}}
  Image{number}: {{type: string, default: 'registry.example.com/bench/service{number}@sha256:{digest}'}}
outputs:
  role_data:
    value:
      service_name: service{number}
      kolla_config:
        /var/lib/kolla/config_files/service{number}.json:
          command: /usr/bin/service{number} --config /etc/service{number}.conf
          config_files:
            - {{source: /var/lib/kolla/config_files/src/etc/s.conf, dest: /etc/service{number}.conf,
               owner: root, perm: '0640'}}
      config_data:
        service{number}:
          etc/service{number}.conf:
            ini:
              DEFAULT:
                bind_host: {{get_param: [Self, address]}}
                workers: {{get_param: Workers{number}}}
                debug: false
              database: {{max_retries: -1, connection_recycle_time: 10, mysql_sql_mode: TRADITIONAL}}
              oslo_messaging: {{rabbit_quorum_queue: true, heartbeat_in_pthread: false, amqp_durable: true}}
      docker_config:
        step_{step}:
          service{number}:
            image: {{get_param: Image{number}}}
            net: host
            restart: always
            volumes:
              - /etc/hosts:/etc/hosts:ro
              - /var/lib/config-data/service{number}:/var/lib/kolla/config_files/src:ro
              - /var/lib/kolla/config_files/service{number}.json:/var/lib/kolla/config_files/config.json:ro
            environment: {{KOLLA_CONFIG_STRATEGY: COPY_ALWAYS}}
"""


class Cost(NamedTuple):
    """The cost of a process: CPU and wall seconds, and its peak memory in MiB."""

    cpu: float
    wall: float
    memory: float


def main() -> None:
    counts = [int(word) for word in sys.argv[1:]] or [10, 50, 250, 1000]
    for hosts in counts:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            measure(Path(folder), hosts)


def measure(folder: Path, hosts: int) -> None:
    write_input(folder, hosts)
    first = compiled(folder)
    files = [path for path in (folder / "build").rglob("*") if path.is_file()]
    again = compiled(folder)
    environment = folder / "env.yaml"
    environment.write_text("parameter_defaults: {Workers7: 5}\n")
    changed = compiled(folder)
    floor = copied(folder, files)
    print(f"{hosts} hosts, {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
    for name, cost in (("first", first), ("nothing changed", again), ("one value changed", changed)):
        print(f"  {name:18} {cost.cpu:7.2f} s CPU  {cost.wall:7.2f} s wall  {cost.memory:5.0f} MiB", end="")
        print(f"  {cost.cpu / len(files) * 1000:6.3f} ms a file")
    print(
        f"  open/write loop    {floor.cpu:7.2f} s CPU  {floor.wall:7.2f} s wall  {floor.memory:5.0f} MiB",
        end="",
    )
    print(f"  {floor.cpu / len(files) * 1000:6.3f} ms a file   first/loop = {first.cpu / floor.cpu:.1f}")


def write_input(folder: Path, hosts: int) -> None:
    """Write an operator's folder with two roles of 40 services each and that many hosts."""
    for name in ("templates", "roles"):
        (folder / name).mkdir()
    registry = {f"Bench::Services::S{number}": f"s{number}.yaml" for number in range(SERVICES)}
    for number in range(SERVICES):
        text = TEMPLATE.format(number=number, step=number % 5 + 1, digest=f"{number:064x}")
        (folder / "templates" / f"s{number}.yaml").write_text(text)
    (folder / "templates" / "resource_registry.yaml").write_text(json.dumps({"resource_registry": registry}))
    for role in ("One", "Two"):
        (folder / "roles" / f"{role}.yaml").write_text(
            json.dumps({"name": role, "ServicesDefault": [*registry]})
        )
    half = hosts // 2
    entries = [
        {"name": f"one[0-{half - 1}]", "role": "One", "address": f"10.1.0.[0-{half - 1}]"},
        {"name": f"two[0-{half - 1}]", "role": "Two", "address": f"10.2.0.[0-{half - 1}]"},
    ]
    (folder / "hosts.yaml").write_text(json.dumps({"hosts": entries}))
    (folder / "env.yaml").write_text("parameter_defaults: {}\n")


def compiled(folder: Path) -> Cost:
    """Run `heatsink compile` in the folder."""
    return run([sys.executable, "-m", "compiler", "compile", "-e", "env.yaml"], folder)


COPY = """
import sys, os, pickle
made = set()
for path, content in pickle.load(open(sys.argv[1], "rb")):
    parent = os.path.dirname(path)
    if parent not in made:
        os.makedirs(parent, exist_ok=True)
        made.add(parent)
    with open(path, "wb") as file:
        file.write(content)
"""


def copied(folder: Path, files: list[Path]) -> Cost:
    """Write the same bytes in a plain loop; the cost without starting Python and reading them."""
    listed = [(str(folder / "floor" / path.relative_to(folder)), path.read_bytes()) for path in files]
    script, nothing, everything = folder / "copy.py", folder / "nothing.pickle", folder / "everything.pickle"
    script.write_text(COPY)
    nothing.write_bytes(pickle.dumps([]))
    everything.write_bytes(pickle.dumps(listed))
    start = run([sys.executable, str(script), str(nothing)], folder)
    whole = run([sys.executable, str(script), str(everything)], folder)
    shutil.rmtree(folder / "floor")
    return Cost(whole.cpu - start.cpu, whole.wall - start.wall, whole.memory)


def run(argv: list[str], folder: Path) -> Cost:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with (folder / "output").open("w+b") as output:
        start = time.monotonic()
        process = subprocess.Popen(argv, cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        if status:
            output.seek(0)
            sys.exit(output.read().decode())
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()

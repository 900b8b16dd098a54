"""The cost of positions: our nodes from libyaml's events, compared with PyYAML's C loader without positions.

python benchmarks/yaml_positions.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import yaml

from compiler.node.yaml import parse
from compiler.source import Source

BLOCK = """\
  service_{number}:
    image: 'registry.example.com/openstack/service:{number}'
    net: host
    privileged: true
    start_order: {number}
    volumes:
      - /etc/hosts:/etc/hosts:ro
      - /var/log/containers:/var/log
    environment:
      KOLLA_CONFIG_STRATEGY: COPY_ALWAYS
"""


def main() -> None:
    text = "services:\n" + "".join(BLOCK.format(number=number) for number in range(1000))
    source = Source("services.yaml", text)
    without = best(lambda: yaml.load(text, Loader=yaml.CSafeLoader))
    with_positions = best(lambda: parse(source))
    print(f"{text.count(chr(10))} lines")
    print(f"CSafeLoader, no positions   {without * 1000:7.1f} ms CPU   1.00")
    print(f"ours, with positions        {with_positions * 1000:7.1f} ms CPU   {with_positions / without:.2f}")


def best(work: Callable[[], object], rounds: int = 7) -> float:
    """The least CPU seconds of several runs."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()

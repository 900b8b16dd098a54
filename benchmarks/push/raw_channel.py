"""The floor of heatsink's transport: one fabric connection a host, one channel, `true`.

python benchmarks/push/raw_channel.py IDENTITY KNOWN_HOSTS THREADS <addresses
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import fabric
import paramiko


def connections(identity: str, known_hosts: str) -> list[fabric.Connection]:
    """A connection for each address on stdin: all are created in one thread, as one Config requires."""
    config, key = fabric.Config(), paramiko.PKey.from_path(identity)
    options = {"pkey": key, "look_for_keys": False, "allow_agent": False}
    made = [
        fabric.Connection(address, user="root", config=config, connect_kwargs=options)
        for address in sys.stdin.read().split()
    ]
    keys = paramiko.HostKeys(known_hosts)
    for connection in made:
        connection.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        connection.client.get_host_keys().update({connection.host: keys[connection.host]})
    return made


def run(connection: fabric.Connection) -> int:
    """The exit status of `true` on a host."""
    connection.open()
    channel = connection.transport.open_session()
    channel.exec_command("true")
    status: int = channel.recv_exit_status()
    connection.client.close()
    return status


def main() -> None:
    """Run it on all hosts."""
    identity, known_hosts, threads = sys.argv[1:]
    with ThreadPoolExecutor(int(threads)) as pool:
        assert not any(pool.map(run, connections(identity, known_hosts)))


if __name__ == "__main__":
    main()

"""An example or two of each command, for `--help`, the man pages and docs/commands.md."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A command line, and what it does."""

    line: str
    meaning: str


def of(path: str) -> tuple[Example, ...]:
    """The examples of a command, such as `heatsink images build`."""
    return tuple(Example(f"{path} {rest}".rstrip(), meaning) for rest, meaning in _EXAMPLES.get(path, ()))


_EXAMPLES = {
    "heatsink init": (
        ("shop", "an example to change, in the folder shop"),
        ("--role Controller=3 --role Compute=2 --first-address 198.51.100.10", "hosts for five machines"),
    ),
    "heatsink compile": (
        ("-e environments/site.yaml", "all hosts of hosts.yaml, into build/"),
        ("--role Controller", "this machine alone, without a hosts file"),
        (
            "-e environments/site.yaml --check --strict",
            "in CI: fail if build/ is out of date or input is unused",
        ),
    ),
    "heatsink output": (
        ("-e environments/site.yaml", "all outputs of the fleet"),
        ("-e environments/site.yaml clouds.yaml --show-secrets >clouds.yaml", "one of them, as a file"),
    ),
    "heatsink plan": (
        ("--diff", "what a push would change, with the lines that change in files"),
        ("-o plan.json", "a plan to look at, for `heatsink push-artifacts --plan plan.json`"),
    ),
    "heatsink push-artifacts": (
        ("--plan plan.json", "what `heatsink plan -o plan.json` has planned, and nothing else"),
        ("--accept-new-host-keys", "a first push to hosts that are not in known_hosts"),
        ("--host 'web[0-3]' --timeout 120", "some hosts only, with less patience"),
        (
            "--images images.oci.tar",
            "to hosts that no registry reaches, what `heatsink images save` has saved",
        ),
    ),
    "heatsink bundle": (
        ("-o edge.bundle --images edge.oci.tar", "a push in a file, for hosts that no connection reaches"),
    ),
    "heatsink status": (
        ("", "every service of every host"),
        ("--role Web --json", "one role, for a program"),
    ),
    "heatsink remove": (
        ("--host web3", "a host that left the hosts file"),
        ("--role Web --yes", "all hosts of a role, without a question"),
    ),
    "heatsink destroy": (
        ("", "everything off all hosts; volumes stay"),
        ("--volumes", "the volumes that heatsink has made, too"),
    ),
    "heatsink history": (
        ("", "what was pushed to the fleet, and how it went"),
        ("web0", "what was done on one host, with the names of files and units"),
    ),
    "heatsink diff": (
        ("previous current", "what the last push has changed"),
        ("20260714T1011 current --host web0", "what has changed on one host since that push"),
    ),
    "heatsink rollback": (
        ("", "undo the last push"),
        ("--to 20260714T101112-1a2b3c4d", "to what was pushed then"),
        ("--host web0 --to 3", "one host, to its generation 3"),
    ),
    "heatsink secrets generate": (("--offline", "complete secrets.yaml before the first push"),),
    "heatsink secrets list": (("", "which secrets there are, and which have no value yet"),),
    "heatsink secrets set": (
        ("AdminPassword", "a value from a prompt"),
        ("NginxTlsKey <site.key", "a value from a file"),
    ),
    "heatsink secrets rotate": (
        ("AdminPassword RabbitmqPassword", "new values of two secrets"),
        ("TlsCa --overlap", "a new authority, while the former one is still trusted"),
    ),
    "heatsink secrets retire": (("TlsCa", "the former authority is trusted no more"),),
    "heatsink secrets fetch": (
        ("", "all values that hosts have and secrets.yaml lacks"),
        ("--host db0", "those of one host, where hosts differ"),
    ),
    "heatsink secrets import": (("backup.yaml", "what secrets.yaml lacks, from another secrets file"),),
    "heatsink images build": (
        ("", "every image of the library and of ./images"),
        ("'keystone*' --update", "some images with the latest packages, for the lock"),
        ("openstack-base --with-children", "an image and all that is built on it"),
        ("--role Controller -e prod.yaml", "what the hosts of a role deploy, and what that is built on"),
        ("--template-override site.j2", "with what a site adds to the Dockerfiles"),
        ("--engine docker --engine-url ssh://root@builder", "with the docker of another machine"),
        ("--json --sbom sboms --allow-failure 'test-*'", "for a program, with the packages of each image"),
    ),
    "heatsink images list": (
        ("", "which images are built, and which are out of date"),
        ("-e prod.yaml", "those that the fleet deploys, foreign ones too"),
    ),
    "heatsink images diff": (
        ("", "which images a build would build, and why"),
        ("--role Controller --json", "of those that a role deploys, for a program"),
    ),
    "heatsink images graph": (
        ("keystone", "what an image is built on, for Graphviz"),
        ("base --with-children --format mermaid", "what is built on an image, for a Markdown page"),
    ),
    "heatsink images render": (
        ("keystone -o contexts", "the Dockerfile of an image and of those it is built on"),
    ),
    "heatsink images push": (
        ("--registry registry.example.com", "push what is built, and pin the digests in images.lock.yaml"),
    ),
    "heatsink images save": (
        ("-o images.oci.tar", "every image of the lock, for a place without this registry"),
        ("-o edge.oci.tar --role Edge -e prod.yaml", "what the hosts of a role deploy"),
    ),
    "heatsink images load": (
        ("images.oci.tar --registry registry.example.com", "into another registry, by the same digests"),
    ),
    "heatsink images sign": (
        ("--key release@example.com", "every image of the lock, into the folder signatures"),
        (
            "--key release@example.com --platforms --role Edge -e prod.yaml",
            "what the hosts of a role deploy, on all platforms",
        ),
    ),
    "heatsink images verify": (
        ("--keyring release.asc", "every image of the lock, by a file of public keys"),
    ),
    "heatsink images lock": (
        ("docker.io/library/nginx:1.27", "pin the image that a tag means now"),
        ("--all -e prod.yaml", "pin every image that the fleet deploys and that is not pinned yet"),
        ("--all -e prod.yaml --update", "move all pins to what the tags mean now"),
    ),
    "heatsink resolve": (
        ("stack.yaml -e env.yaml", "all outputs, as Heat computes them"),
        ("overcloud.yaml -e env.yaml --output RoleData", "one output of a TripleO tree"),
    ),
    "heatsink conformance": (("cases.json", "compare with the results of Heat"),),
    "heatsink lint": (
        ("templates -e environments/site.yaml", "a project's own templates, with its environment"),
        ("overcloud.yaml --ignore unused-parameter", "a TripleO tree, without one of the rules"),
    ),
    "heatsink render": (
        ("tripleo-heat-templates -o tree", "a TripleO tree with its own roles and networks"),
    ),
    "heatsink schema": (
        ("", "the names of all schemas"),
        ("role_data", "what a service template may put into role_data"),
        ("--output .schemas", "all schemas of this version, for the editor"),
    ),
    "heatsink lab up": (
        ("3 --install", "node1 to node3 with podman"),
        ("1 --engine docker --first 4", "node4 with docker"),
        ("1 --release bookworm --first 5", "node5 with Debian 12: the oldest systemd and podman"),
    ),
    "heatsink lab down": (
        ("2", "node2 alone"),
        ("", "the whole lab"),
    ),
    "heatsink lab list": (("--json", "nodes and their addresses, for a program"),),
    "heatsink lab ssh": (("1 systemctl status heatsink.target", "one command on node1"),),
    "heatsink lab crash": (("2", "node2 loses its power"),),
    "heatsink lab boot": (("2", "node2 again, with its disk"),),
    "heatsink lab cut": (("2", "node2 is out of reach"),),
    "heatsink lab heal": (("2", "node2 is back on the network"),),
    "heatsink lab registry": (("", "a registry for `heatsink images push`"),),
    "heatsink lab hosts": (
        ("--role Controller=1 --role Web=2", "a hosts file for three nodes"),
        ("--role Web=2 --user operator --ipv6", "by IPv6, as a user with sudo"),
    ),
}

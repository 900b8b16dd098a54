"""Parameters of TripleO that no template declares here, and what to use instead."""

from __future__ import annotations

import re

_NO_MACHINES = "heatsink does not create machines: remove it"
_NO_NETWORKS = "heatsink does not configure the networks of hosts: remove it"
_HOSTS = "list the hosts in `hosts.yaml`"
_ADDRESSES = "set `address` and `networks` of the hosts in `hosts.yaml`"
_REGISTRIES = "use the service `OS::Heatsink::Services::RegistryClient` and its parameters `Registry…`"

_HINTS: tuple[tuple[str, str], ...] = (
    (r"(Overcloud)?[A-Z]\w*Count|[A-Z]\w*HostnameFormat", _HOSTS),
    ("HostnameMap", "use the real names of the hosts in `hosts.yaml`"),
    (r"\w*ExtraConfig", "there is no hieradata: set the options themselves with `ConfigOverrides`"),
    ("ServiceNetMap", "set `networks` of the hosts in `hosts.yaml`: templates read them from `ServiceHosts`"),
    ("EndpointMap|DeployedServerPortMap|VipPortMap", _ADDRESSES),
    (r"[A-Z]\w*IPs|[A-Z]\w*FixedIPs", _ADDRESSES),
    ("NtpServer|NtpPool|NtpIburstEnable", "configure the time service of the hosts, such as chrony, on them"),
    ("TimeZone", "set the time zone on the hosts, with `timedatectl`"),
    (r"CloudDomain|CloudName\w*", "write the domain into the names of the hosts in `hosts.yaml`"),
    (r"Overcloud\w+Flavor|[A-Z]\w*(SchedulerHints|RemovalPolicies|RemovalPoliciesMode)", _NO_MACHINES),
    (r"[A-Z]\w*NetworkConfigTemplate|BondInterfaceOvsOptions|ControlPlane\w+", _NO_NETWORKS),
    ("DeployIdentifier|UpdateIdentifier|StackAction", "a push compares states and needs none: remove it"),
    ("ContainerCli", "set `ContainerBackend` to `podman`, `quadlet` or `docker`"),
    ("ContainerHealthcheckDisabled", "remove `healthcheck` from the containers"),
    (r"DockerInsecureRegistryAddress|DockerRegistryMirror|ContainerImageRegistry\w+", _REGISTRIES),
    (
        r"ExtraSysctlSettings|ExtraKernelModules",
        "set `sysctl` and `kernel_modules` in a service's `host_prep`",
    ),
)


def instead_of(parameter: str) -> str | None:
    """What to use instead of a parameter of TripleO; None for any other name."""
    return next((hint for pattern, hint in _HINTS if re.fullmatch(pattern, parameter)), None)

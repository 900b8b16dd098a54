"""The fifth stage, and the only one that writes the text of units, files and host preparation.

host                     all hosts, each with all that is on it
backends                 the modules of the backends
podman, docker, quadlet  one backend each
execs                    commands in running containers, the same on every backend
timer                    what starts a container by its schedule
service_unit             what the units of all backends share
options                  container field → engine option
stamp                    the file that says that a container has run
targets                  steps and families
unit                     a unit file as a value, and its text
config                   INI, YAML, JSON, templates
key_value                lines of keys and values
host_prep                tmpfiles.d, sysctl.d, …
hosts_block              the names of the fleet's hosts
"""

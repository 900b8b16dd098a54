"""The fifth stage, and the only one that spells output: units, configuration files, host preparation.

unit        a unit file as a value, and its text     podman, docker, quadlet   one backend each
options     container field → engine option          container  the backend of a container
config      INI, YAML, JSON, templates               targets    steps and families
host_prep   tmpfiles.d, sysctl.d, …                  host       all hosts, each with all that is on it
"""

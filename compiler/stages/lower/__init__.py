"""The fourth stage: role_data becomes fully specified containers and files, and is checked.

host        all hosts, each with its parts put together
container   one part of `docker_config` to a Container          keys       the keys of a definition by type
config      `config_data` and `kolla_config` to files           host_prep  what the host itself must provide
overrides   ConfigOverrides, and those that no file took        order      containers that wait for others
contributions  what services set for the hosts of others
refusals    what no backend supports                            conflicts  what cannot work on one host
images      names to references with digests                    healthcheck  the test of a health check
sources     the files that something comes from                 exposure   secrets that every user would see
paths       where a template may write                      networkd   files of systemd-networkd
schedule    when a container runs again                     calendar_event  what systemd takes for one
"""

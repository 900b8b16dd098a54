"""The fourth stage: role_data becomes containers and files with nothing left to decide, and is checked.

host        all hosts, each with its parts put together
container   one part of `docker_config` to a Container          images     names to references with digests
config      `config_data` and `kolla_config` to files           host_prep  what the host itself must bring
overrides   ConfigOverrides, and those that no file took        order      containers that wait for others
refusals    what no container can have                          conflicts  what one host cannot have twice
"""

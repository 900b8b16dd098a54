"""The fourth stage: role_data becomes containers and files with nothing left to decide, and is checked.

container   one part of `docker_config` to a Container          images     names to references with digests
config      `config_data` and `kolla_config` to files           host_prep  what the host itself must bring
refusals    what no container can have
host        all parts of a host put together                    conflicts  what one host cannot have twice
"""

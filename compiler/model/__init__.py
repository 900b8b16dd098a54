"""The values that pass from one stage to the next. Frozen and valid.

inputs         roles, environments, hosts, trees of templates
service        role_data of a service on a host, in parts
container      one container, whichever engine will run it
config         a configuration file before it is text, and a port
host_prep      what the host itself must provide
output         what services declare for operators
host           one host's containers and files, before and after they are text
artifact       what is compiled for a host: files, links, units
fleet          the hosts, their roles, and how to connect to them
selection      choosing hosts by names and roles
secret         references to secrets
credential     secrets that belong together: key pairs, certificates
random_string  how random strings are generated
"""

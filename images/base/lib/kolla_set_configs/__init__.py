"""kolla_set_configs: installs the configuration of a container before its service starts.

main            the command line              config      config.yaml or config.json, read and checked
installation    installs a configuration      entries     the entries in its lists
verification    checks that it is unchanged   originals   what the image has in the same places
copies          the copies of an entry        ownership   owners and modes
files           files below a root            errors      mistakes, and the log

It uses only the standard library of Python 3.9 or later; only config.yaml needs PyYAML.
"""

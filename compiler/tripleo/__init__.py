"""A tripleo-heat-templates tree: what it holds, and the tree that it is rendered to.

The rules are those of the tree's own `tools/process-templates.py`, called with `-o`, so that the result is
the same, byte for byte. https://opendev.org/openstack/tripleo-heat-templates
"""

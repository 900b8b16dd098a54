"""A tripleo-heat-templates tree: its files, and the tree that it is rendered to.

The rules are those of the tree's own `tools/process-templates.py -o`, so that the result is the same, byte
for byte. https://opendev.org/openstack/tripleo-heat-templates

tree    folders, templates, files to copy      inputs  roles and networks as variables
render  the templates, rendered in memory      output  the rendered tree on disk
"""

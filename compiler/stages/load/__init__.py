"""The first stage, and the only one that opens files: YAML in, checked values out.

inputs        everything that a compile reads      hosts         the hosts file
roles         files of roles                       environments  environment files
"""

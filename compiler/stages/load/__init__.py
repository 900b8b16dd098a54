"""The first stage, and the only one that opens files: YAML in, checked values out.

inputs        everything that a compile reads      hosts              the hosts file
roles         files of roles                       environments       environment files
heat          files as Heat's client reads them    heat_environments  environment files as Heat takes them
"""

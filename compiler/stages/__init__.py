"""The stages of a compile, in order. None knows another.

load      files to checked values
merge     environments to one environment
resolve   services and parameters to role_data
lower     role_data to containers and files, fully specified
emit      containers and files to text
bundle    text to a manifest and a tree of files
"""

"""The last stage of compiling: a host's artifacts become a manifest and a tree of files (docs/formats.md).

compiled   bundles in memory      manifest   one host's manifest      tree   writes bundles, only what differs
"""

"""The last stage of compiling: a host's artifacts become a manifest and a tree of files (docs/formats.md).

compiled   hosts as bundles in memory      manifest   what one host's bundle says about itself
tree       writing bundles so that little is written
"""

"""Container images: a tree of Dockerfile.j2, built in the order of its parents and pushed to a registry.

`tree` finds the images, `graph` orders them, `recipe` renders and hashes them, `engine` talks to podman,
`build` and `push` do the work, `lock` keeps the digests for `heatsink compile`.
"""

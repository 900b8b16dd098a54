"""Container images: a tree of Dockerfile.j2 files, built in dependency order and pushed to a registry.

`tree` finds the images, `graph` orders them, `recipe` renders and hashes them, `engine` talks to podman,
`build` and `push` do the work, `lock` stores the digests for `heatsink compile`.
"""

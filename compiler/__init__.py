"""heatsink compiles Heat/TripleO-style templates into units that systemd runs, and pushes them to hosts."""

__version__ = "0.1.0"

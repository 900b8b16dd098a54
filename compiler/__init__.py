"""heatsink compiles Heat/TripleO-style templates into systemd units, and pushes them to hosts.

Stages, in the order in which `pipeline` calls them. Each takes a value and returns a value:

    stages.load → merge → resolve → lower → emit → bundle

Layers. A module imports only from lines below its own, and rooms on one line do not know each other:

    __main__                               `python -m compiler`
    cli                                    the commands; nothing else prints or picks exit codes
    heat                                   tools that stand in for Heat: evaluation, lint, conformance
    pipeline | deploy | images | lab       compile a fleet; push bundles; build images; boot test nodes
    stages                                 what `compile` does, one package a stage
    hot | tripleo                          the HOT language; a tripleo-heat-templates tree
    model                                  the values that pass from stage to stage
    files                                  reads input files, with errors instead of tracebacks
    schemas                                JSON Schemas of the input files, and their violations in words
    node | jinja                           YAML with positions; Jinja2 in a sandbox
    diagnostics | meter                    problems with their place; the budget of steps
    source | shipped | host | courier      positions in text; the library; the programs that run on hosts

`host` uses the standard library alone: it is sent to the hosts as it is. The library of templates, roles and
images lies beside this package in a checkout, and inside it in a wheel. For more see docs/internals.md.
"""

__version__ = "0.1.0"

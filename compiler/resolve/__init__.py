"""The third stage: HOT templates with parameters become plain values that still know their places.

template    one HOT file as a value                  versions     what each release of HOT brought
parameters  declared types                           constraints  what values must keep
properties  what a parent hands down                 registry     what a resource type stands for
world       what one evaluation shares               language     what functions and resources are to it
instance    a template with its parameters           scope        an expression in it
functions/  the table of intrinsic functions         yaql/        the expressions of one of them
resources/  templates and Heat's own types           attachments  the files that a template names
facts       what hosts know of one another           settings     what holds for which host
services    role_data, once a role, shared by its    reads        what an evaluation looked at
            hosts
"""

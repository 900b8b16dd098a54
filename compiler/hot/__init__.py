"""The language of templates: HOT with parameters becomes plain values that still know their places.

template    one HOT file as a value                  versions     what each release of HOT brought
parameters  declared types                           constraints  what values must keep
properties  what a parent hands down                 registry     what a resource type stands for
evaluation  what one evaluation shares               language     what functions and resources are to it
stack       a template with its parameters           scope        an expression in it
functions/  the table of intrinsic functions         yaql/        the expressions of one of them
resources/  templates and Heat's own types           attachments  the files that a template names
reads       what an evaluation looked at
"""

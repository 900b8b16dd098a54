"""The language of templates: HOT with parameters becomes plain values that still know their places.

template    one HOT file as a value                  versions     what each release of HOT brought
parameters  declared types                           constraints  what values must keep
properties  what a parent hands down                 registry     what a resource type stands for
loader      templates by their paths                 attachments  the files that a template names
reads       what an evaluation looked at             memo         what it computes once
environment the words of environment files
evaluation  the settings of all its stacks           stack        a template with its properties
scope       an expression in a stack                 functions/   the table of intrinsic functions
yaql/       the expressions of one of them           resource     what stands behind the name of one
resources/  templates and Heat's own types

Imports: resource <- scope <- functions <- stack <- resources.
"""

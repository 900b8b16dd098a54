"""The HOT language: templates with parameters become plain values that still know their places.

template    one HOT file as a value                  versions     what each release of HOT added
parameters  declared types                           constraints  constraints of parameters
properties  what a parent passes                 registry     what a resource type maps to
loader      templates by their paths                 attachments  the files that a template names
reads       what an evaluation read             memo         results computed once
environment the words of environment files
evaluation  the settings of all its stacks           stack        a template with its properties
scope       an expression in a stack                 functions/   the table of intrinsic functions
yaql/       the expressions of one of them           resource     a resource as others see it
resources/  templates and Heat's own types

Imports: resource <- scope <- functions <- stack <- resources.
"""

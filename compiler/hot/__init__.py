"""The HOT language: templates with parameters become plain values that still know their places.

template     one HOT file as a value            versions      what each release of HOT added
parameter_groups  the order in which user interfaces show parameters
parameters   declared types                     constraints   what values must satisfy
properties   what a parent passes               registry      what a resource type maps to
loader       templates by their paths           attachments   the files that a template names
environment  the words of environment files     reads         what an evaluation read
evaluation   the settings of all its stacks     memo          results, computed once
scope        functions, and where they run      functions/    the table of functions
resource     a resource as others see it        yaql/         the expressions of one function
stack        a template with its properties     resources/    templates and Heat's own types
builtin      the names of all types             patterns/     regular expressions, bounded
random_string_properties    the string that an OS::Heat::RandomString describes

Imports: resource <- scope <- functions <- stack <- resources.
"""

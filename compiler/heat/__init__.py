"""Commands that replace Heat: they evaluate templates, and find mistakes in them, without a cloud.

project       the folder they run in, and the shipped library
opening       files as Heat's client reads them
environments  environment files as Heat takes them
evaluation    a template, its environments and parameters in; outputs out
missing       parameters without a value
conformance   cases with the answers of real Heat
lint/         what Heat silently ignores
"""

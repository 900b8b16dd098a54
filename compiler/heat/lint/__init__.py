"""What Heat silently ignores: templates that load, but do not do what they seem to say.

documents        which files are read, and what is kept of each
expressions      every mapping that Heat reads as a call or as data
rules            the table of rules
calls, values, declarations, environments, services, paths     the rules themselves, one function each
linter, finding  files in, findings out; one finding
"""

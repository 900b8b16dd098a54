"""What Heat passes over in silence: a template that loads, and does something else than it seems to say.

documents      which files are looked at, and what is kept of each
expressions    every mapping that Heat takes for a call, or for data
rules          the table of rules
calls, values, declarations, environments, paths     the rules themselves, one function each
run            files in, findings out
"""

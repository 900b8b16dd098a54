"""The third stage: HOT templates with parameters become plain values that still know their places.

template    one HOT file as a value              parameters  declared types and constraints
instance    a template with its parameters,      functions   the table of intrinsic functions
            evaluated as far as somebody asks    conditions  the table of condition functions
facts       what hosts know of one another       services    role_data, once a role, shared by its hosts
"""

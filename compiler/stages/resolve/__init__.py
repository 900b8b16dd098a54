"""The third stage: the services of every host, with their parameters, become role_data.

services    role_data, once a role, shared by its hosts     settings    what holds for which host
facts       what hosts know of one another
"""

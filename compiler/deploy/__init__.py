"""Carries a bundle to the hosts and switches it on there.

bundle, secrets, selection   what is pushed, with which values, and to whom
transport, ssh, local        the way to a host
protocol, crew               talking to one host, and to many at once
push, rollback, status       what is done with them
"""

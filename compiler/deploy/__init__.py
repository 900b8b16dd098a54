"""Carries a bundle to the hosts and switches it on there.

bundle                       what is pushed
transport, ssh, local        the way to a host
protocol, sessions           talking to one host, and to many at once
push, rollback, status       what is done with them
"""

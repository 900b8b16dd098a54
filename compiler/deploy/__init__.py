"""Carries a bundle to the hosts and activates it there.

bundle                    what is pushed
transport, ssh, local     the way to a host; known_hosts, the keys that hosts must show
protocol, events          talking to one host; what it reports
sessions                  talking to many at once
push, rollback, status    what is done with them; activation, the part that push and rollback share
outcome, errors           what became of each host
"""

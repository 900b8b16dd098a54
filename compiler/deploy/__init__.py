"""Copies a bundle to the hosts and activates it there.

bundle                    the bundle on disk
transport, ssh, local     connections to hosts
known_hosts               the hosts' keys
protocol, events          the conversation with one host; what it reports
sessions                  conversations with many hosts at once
push, rollback, status    the operations
activation                the part that push and rollback share
outcome, errors           the result for each host
"""

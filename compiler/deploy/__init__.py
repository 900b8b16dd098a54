"""Copies a bundle to the hosts and activates it there.

bundle                    the bundle on disk
transport, ssh, local     connections to hosts
ssh_errors                why a connection fails, and what to do
known_hosts, known_line   the hosts' keys
session, sessions         the conversation with one host; with many hosts at once
greeting, program         what is sent to a host and runs there
answers, reading, events  what a host writes: as lines, as events; all of it is checked here
held                      which secrets hosts have
certificates, making      keys and certificates; new values of secrets
rollover                  authorities replaced without an outage
printable                 a stranger's text on a terminal
archives                  images that a push carries with it
push, rollback            a bundle, an earlier generation, or nothing, activated
courier_file              a push in a file that runs by itself
status                    the state of units
history                   what was done on hosts, and the generations that they keep
choice                    a generation by its name, or its number
comparison                what lies between two generations
activation                what push, rollback and remove share
plan_file                 a saved plan
differences, places       the lines that change in files; those of templates that they come from
confirmation              a change confirmed over a new connection
outcome, errors           the result for each host
"""

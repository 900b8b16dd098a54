"""The host program: what runs on a host while `heatsink` talks to it, as root.

It needs no more than Debian's python3-minimal (3.9 up): no `shutil`, `hmac` or `concurrent`, and nothing of
ours from outside this package; from outside, only `layout` and `manifest` may be imported. It is sent as one
zip file (deploy/protocol.py) over the connection that it then answers on: requests come in on stdin, one
JSON object a line (one with `size` has that many bytes of zlib behind it), events go out on stdout, one JSON
object a line. It keeps nothing in memory that it cannot find again: what is to be done follows from what is
wanted and what is installed, so a push that died is finished by the next one.

    __main__, verbs              one request, answered: push, rollback, status
    staging                      taking a bundle in
    activation                   the order of a change: plan, pull, install, steps, make current
    install, steps               making files those of a generation; starting units until they are up
    transaction, plan            what a change works with; what has to change
    files, etc_hosts             files in their places; the block of names in /etc/hosts
    units, engine, journal       what systemd says, and podman or docker, and what units wrote
    installed, store, lock       what lies on the host; the generations kept there; one pusher at a time
    machine, wire                files and commands; the conversation with the pusher
    manifest, layout             what a bundle says of a host; paths

    /var/lib/heatsink/generations/<n>/   manifest.json, secrets.json (0600), root/: the bundle as pushed
    /var/lib/heatsink/current, previous  links to generations that came up
    /var/lib/heatsink/installed.json     what lies here now, and the hash with which each unit came up
    /var/lib/heatsink/state              what the greeting (protocol.py) reads; absent while things change
    /var/lib/heatsink/salt, lock
"""

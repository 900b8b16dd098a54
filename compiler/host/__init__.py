"""The host program: what runs on a host while `heatsink` talks to it, as root.

It runs on Python 3.9 or newer with the part of the standard library that python3-minimal of Debian 13 has:
no `shutil`, `hmac` or `concurrent`. It imports nothing of ours from outside this package; from outside,
`layout`, `manifest` and `writable` may be imported. It is sent as one zip file (deploy/program.py) over the
connection on which it then answers: requests arrive on stdin as one JSON object per line (after one with
`size` follow that many bytes of zlib data), events leave on stdout as one JSON object per line. Killed at any
point, it leaves a record of the change, with which a push, the revert timer or the next boot goes on.

It is started for each request, so it starts fast: values are NamedTuples, because with `dataclasses` a start
took two thirds longer, and patterns are strings, which `re` compiles when they are first used.

    start                        runs it from bytecode that is kept beside it
    __main__, verbs              answers one request, or does what systemd asks
    status                       what is installed, what differs from that, and the state of units
    held                         the secrets that this host has
    staging                      receives and checks a bundle
    activation                   a change as a whole: plan, pull, install, start step by step, confirm
    commit, revert, recovery     a change made current; undone; finished or undone early in a boot
    pending, revert_timer        the record of a change that is not confirmed; systemd's timer for it
    install, steps               installs a generation's files; starts its units and waits for them
    surprises                    units that go down or come up while a plan is carried out
    transaction                  what every part of a change works with
    blend                        a push of some services, which leaves the others as they are
    plan, jobs, report           what a change does; which units it stops and starts, and why; telling it
    causes, contents             what a unit reads that differs; what is in kept files and those on the host
    files, etc_hosts             files in their places; our block in /etc/hosts
    watch, health                waits until units are up and stay so; health checks of containers
    needs, volumes               what the engine has to do for a change; named volumes
    loading                      images that the pusher sends
    images                       the images that were pulled, and those that generations need
    units, engine, journal       what systemd, podman or docker, and the journal report
    systemd, bus, dbus           what systemd is asked; the socket of its manager; the bytes of D-Bus
    ownership, taken             refuses what is not heatsink's to replace; keeps what is taken over
    tmpfiles                     refuses lines of tmpfiles.d that would replace files of others
    installed, store, lock       what is installed; the generations kept; one pusher at a time
    history, kept                what was done on this host; the generations that can be returned to
    comparison                   what lies between two of them
    registries                   logins, authorities and mirrors of a bundle, for pulls
    ports, kernel                refuse a host on which a port is taken, or whose kernel lacks a module
    networks                     links of systemd-networkd
    disk, sealed, space          files written whole and flushed; those with a digest; room for them
    machine, command, activity   the host; a command that runs on it; what is waited for, with a time limit
    wire                         requests and events
    writable                     which paths a bundle may write
    manifest, layout             the manifest of a bundle; paths

    /var/lib/heatsink/generations/<n>/   manifest.json, secrets.json (0600), root/: the bundle as pushed
    /var/lib/heatsink/current, previous  links to generations that came up
    /var/lib/heatsink/installed.json     what is installed, and the hash with which each unit came up
    /var/lib/heatsink/taken/             originals of files that a bundle takes over
    /var/lib/heatsink/state              what the greeting (greeting.py) reads; absent during a change
    /var/lib/heatsink/pending, confirmed the change under way; that it is confirmed
    /var/lib/heatsink/images.json        the images that were pulled, and those of each generation
    /var/lib/heatsink/history            a line for each change
    /var/lib/heatsink/salt, lock
"""

"""What runs in the file of `heatsink bundle`: it pushes to the machine that it is started on.

It holds the same conversation with the same host program as a push (deploy/session.py), over a pipe. It runs
on Python 3.9 or newer with the standard library alone, and imports nothing of ours from outside this package.

    __main__       the command line of the file      carried   what the file carries, and where in it
    conversation   with the host program             plan      what a plan looks like
"""

"""`python -m compiler` and the `heatsink` command are the same thing."""

from compiler.cli import main

if __name__ == "__main__":
    main()

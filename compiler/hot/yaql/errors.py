"""What evaluating an expression can raise."""


class YaqlError(ValueError):
    """An expression that is not yaql, or that fails on its data."""


class NotSupported(Exception):  # noqa: N818 - not a mistake: the library takes over
    """Only the library can evaluate the expression."""

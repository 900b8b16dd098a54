"""What evaluating an expression can raise."""


class YaqlError(ValueError):
    """An expression that is not yaql, or that fails on its data."""


class NotSupported(Exception):  # noqa: N818 - no mistake: a question for the library
    """Only the library can tell what the expression gives."""

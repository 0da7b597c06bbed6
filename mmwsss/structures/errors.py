"""Errors that name a fault of the user's data."""


class DataError(ValueError):
    """A fault in the user's data; the message is one line: where, what, and the remedy."""

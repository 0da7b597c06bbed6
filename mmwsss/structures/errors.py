"""Errors in the data of users."""


class DataError(ValueError):
    """An error in the user's data; the message is one line with place, problem and remedy."""

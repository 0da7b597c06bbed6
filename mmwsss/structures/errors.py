"""Errors in the data of users, and doubts."""


class DataError(ValueError):
    """An error in the user's data; the message is one line with place, problem and remedy."""


class DataWarning(UserWarning):
    """A doubt about the user's data; the message is one line with place, doubt and remedy."""

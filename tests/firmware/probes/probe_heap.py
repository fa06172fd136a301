"""Imports what the meter imports, so that what it takes can be read."""


def modules():
    import app  # noqa: F401

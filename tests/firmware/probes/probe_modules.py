"""Imports what the meter imports, so that what it takes can be read."""


def import_all():
    import app  # noqa: F401

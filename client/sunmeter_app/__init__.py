"""Sunmeter's app: what a householder sees. See client/README.md for its layout."""

__version__ = "0.1.0"

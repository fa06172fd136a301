"""Sunmeter's app: what a householder sees. See client/README.md for its layout."""

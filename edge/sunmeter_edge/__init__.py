"""Sunmeter's hub: carries and counts what meters send. verify → commit → acknowledge → assemble → send → forget."""

__version__ = "0.1.0"

"""Backup and restore of a project, documents and accounts. docs/operations.md tells of them."""

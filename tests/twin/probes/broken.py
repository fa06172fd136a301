"""A firmware that does not even start."""

raise RuntimeError("no such pin")

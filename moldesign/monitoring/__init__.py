"""Watching a served model: whether it is asked about what it has learned from, and whether it was right."""

"""The columns of a table of recorded results."""

COLUMNS = ("hypothesis", "arm", "size", "seed", "cost", "score")
"""The meanings that a table's columns may have; a table has arm or size, not both."""

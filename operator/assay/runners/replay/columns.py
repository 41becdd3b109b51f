"""What the columns of a table of recorded results are called."""

COLUMNS = ("hypothesis", "arm", "size", "seed", "cost", "score")
"""What a table's columns may be taken as; of arm and size one."""

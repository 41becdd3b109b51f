"""Which column of a table means what: by the names that tools write, by what is in it, by what a caller says."""

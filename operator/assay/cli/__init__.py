"""The command line: assay, and the same program as kubectl assay."""

"""The version of the distribution. Whoever only wants to know it imports nothing else."""

VERSION = "0.1.0"

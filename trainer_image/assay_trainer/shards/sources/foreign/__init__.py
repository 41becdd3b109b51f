"""Formats that are not read: told by their names and their first bytes, and each with a way in."""

from assay_trainer.shards.sources.foreign.formats import ALLOWED, foreign_file, foreign_folder

__all__ = ["ALLOWED", "foreign_file", "foreign_folder"]

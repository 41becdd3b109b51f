"""Formats that are not read: how they are recognised, and how to convert each of them."""

from assay_trainer.shards.sources.foreign.formats import ALLOWED, foreign_file, foreign_folder

__all__ = ["ALLOWED", "foreign_file", "foreign_folder"]

"""Builds shards: a data set decoded once, in several image sizes, with a manifest of digests."""

from assay_trainer.shards.build import BuiltDataset, build_shards
from assay_trainer.shards.errors import InvalidDataset, InvalidSource
from assay_trainer.shards.sources import LeftOut, Part

__all__ = ["BuiltDataset", "InvalidDataset", "InvalidSource", "LeftOut", "Part", "build_shards"]

"""Builds shards: a data set decoded once, in several image sizes, with a manifest of digests."""

import os

# Else pyarrow's allocator starts a thread, and with it a process that is forked for each trial can't be shared.
os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")

from assay_trainer.shards.build import BuiltDataset, build_shards
from assay_trainer.shards.encoding import Encoding
from assay_trainer.shards.errors import InvalidDataset, InvalidSource
from assay_trainer.shards.inspection import FilesOfGroup, FoundDataset, inspect_dataset, verify_dataset
from assay_trainer.shards.progress import BuildProgress, Stage
from assay_trainer.shards.sources import Fit, LeftOut, Part
from assay_trainer.shards.tables import TableOptions

__all__ = [
    "BuildProgress",
    "BuiltDataset",
    "Encoding",
    "FilesOfGroup",
    "Fit",
    "FoundDataset",
    "InvalidDataset",
    "InvalidSource",
    "LeftOut",
    "Part",
    "Stage",
    "TableOptions",
    "build_shards",
    "inspect_dataset",
    "verify_dataset",
]

"""The files of a data set: Arrow IPC files of blocks that are readable one by one, and indices of blocks.

Where the examples come from is not known here, nor which of them are read: `sources/` and `data/` know it.
"""

from assay_trainer.shards.format.blocks import BlockFile, read_block
from assay_trainer.shards.format.columns import array_of, cells_of, column_of, group_schema, groups_of
from assay_trainer.shards.format.index import BlockIndex, read_index, write_index
from assay_trainer.shards.format.jpeg import JpegField, jpeg_of

__all__ = [
    "BlockFile",
    "BlockIndex",
    "JpegField",
    "array_of",
    "cells_of",
    "column_of",
    "group_schema",
    "groups_of",
    "jpeg_of",
    "read_block",
    "read_index",
    "write_index",
]

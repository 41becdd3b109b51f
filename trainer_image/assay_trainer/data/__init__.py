"""Opens data sets and reads them: no more of them than a trial needs, and nothing that was not checked.

Blocks (`blocks.py`, `node_cache.py`) become columns (`groups.py`, `columns.py`), which a train function gets as arrays,
as a data set for torch or as batches (`examples.py`). What a file's bytes mean is known in `version_1.py` and
`version_2.py`.
"""

from assay_trainer.data.blocks import check_files_unedited, watch_files
from assay_trainer.data.examples import Examples
from assay_trainer.data.opening import Choose, Copy, OpenedDataset, SplitName, open_dataset
from assay_trainer.data.pixel_statistics import PixelStatistics

__all__ = [
    "Choose",
    "Copy",
    "Examples",
    "OpenedDataset",
    "PixelStatistics",
    "SplitName",
    "check_files_unedited",
    "open_dataset",
    "watch_files",
]

"""Opens data sets and reads them: no more of them than a trial needs, and nothing that was not checked."""

from assay_trainer.data.opening import OpenedDataset, open_dataset
from assay_trainer.data.square_images import Choose

__all__ = ["Choose", "OpenedDataset", "open_dataset"]

"""A build that was ended goes on where it was: a journal says which files it had written, of which images.

The files themselves are where the data set is built. Nothing is taken from there that has not the digest which the
journal, in the user's own folder, says: whoever may write there can't slip in other images.
"""

from assay_trainer.shards.resuming.images import ResumedImages
from assay_trainer.shards.resuming.journal import Journal

__all__ = ["Journal", "ResumedImages"]

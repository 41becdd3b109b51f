"""Writes the parts of a data set one after another, so that a build that is ended can go on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import DataField
from assay_trainer.objects import Objects
from assay_trainer.shards.destination import Destination
from assay_trainer.shards.encoding import Images, reading
from assay_trainer.shards.format.jpeg import QUALITY
from assay_trainer.shards.progress import BuildProgress, Stage, Told
from assay_trainer.shards.resuming import Journal, ResumedImages
from assay_trainer.shards.sources import Fit
from assay_trainer.shards.split_writing import Readable, Written, write_split


@dataclass(frozen=True)
class ImageColumn:
    """The field of images, and where they come from."""

    name: str
    field: DataField
    images: Images
    fit: Fit

    @property
    def how(self) -> str:
        """What the bytes of an image depend on beside the file that it is in."""
        try:
            library = version("pillow")
        except PackageNotFoundError:
            library = ""
        described = [self.field.encoding, self.field.sizes[0], self.field.channels, self.images.size]
        return contract.digest(contract.canonical_json([*described, self.fit.value, QUALITY, library]))


@dataclass
class PartsWriter:
    """Writes the parts of a data set, and tells how far it is."""

    to: Destination
    objects: Objects
    journal: Journal
    told: Told
    examples: int
    """Of all parts."""
    written: dict[str, Written] = field(default_factory=dict)
    _done: int = 0
    _resumed: int = 0

    def write(self, part: str, rows: Readable, image: ImageColumn | None, indices: NDArray[np.int64]) -> None:
        """Write the examples with these indices as a part. Raises DamagedImages."""
        resumed = None
        if image is not None:
            read = reading(image.images, image.name, image.field)
            rows = replace(rows, images=read)
            if (stamps := image.images.stamps) is not None:
                which = image.name, image.field
                resumed = ResumedImages(self.objects, self.journal, part, which, image.how, read, stamps, indices)
                rows = replace(rows, images=resumed, wrote=resumed.note)
        before = self._resumed

        def told(count: int) -> None:
            self._done += count
            self._resumed = before + (resumed.resumed if resumed else 0)
            self.told(BuildProgress(Stage.WRITING, self._done, self.examples, self.to.bytes, self._resumed))

        self.written[part] = write_split(self.to, part, rows, indices, told)

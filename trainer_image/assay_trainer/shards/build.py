"""Builds shards from examples of any kind: read once, with images decoded in every size that trials will ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import DataField
from assay_trainer.objects import Objects, open_objects
from assay_trainer.shards.content import content_digest
from assay_trainer.shards.destination import MANIFEST, Destination, checked_folder
from assay_trainer.shards.encoding import Encoding, image_field
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.parts import ImageColumn, PartsWriter
from assay_trainer.shards.progress import BuildProgress, Stage, Told, nobody
from assay_trainer.shards.resuming import Journal
from assay_trainer.shards.sources import DamagedImages, Fit, ImageOptions, LeftOut, Part, Source, open_source
from assay_trainer.shards.split import Splittable, split
from assay_trainer.shards.split_writing import PATHS, Readable
from assay_trainer.shards.tables import TableOptions, is_table, open_examples
from assay_trainer.shards.tables.listed import listed


@dataclass(frozen=True)
class BuiltDataset:
    """A complete data set: the reference that studies give, and its manifest."""

    dataset: contract.Dataset
    manifest: contract.ExamplesManifest
    found: str = ""
    """What kind of source it was, in a few words."""
    left_out: tuple[LeftOut, ...] = ()
    """The parts of the source that are not used, by kind."""
    notes: tuple[str, ...] = ()
    """How the source was understood, where it could have been understood otherwise."""


def build_shards(
    source: Path,
    destination: str,
    *,
    name: str,
    sizes: Sequence[int] = (),
    held_out_percent: int = 20,
    seed: int = 0,
    fit: Fit = Fit.CROP,
    encode: Encoding = Encoding.UINT8,
    skip_unreadable: bool = False,
    hold_out: Part | None = None,
    table: TableOptions | None = None,
    told: Told = nobody,
) -> BuiltDataset:
    """Build the data set `name` from labelled images, see `open_source`, or a table, under a URI or a local path.

    Images are written in each of `sizes` (pixels a side; none given: as they are), or as `encode` says, in one shuffled
    order in which classes are interleaved, so that a window of it is a random subset with each class in proportion.
    Files that are no squares of one size are made squares of the largest of `sizes`, as `fit` says. The source's own
    split is kept; without one, `held_out_percent` of each class is held out. The same input gives the same bytes and so
    the same digest; with `skip_unreadable`, the same as without the images that can't be read. `hold_out` says which
    part is held out of a source with several beside the training part (None: the test part). Of a table (`is_table`)
    each column becomes a field, and `table` says which column is what.

    Shards are named by their digests and the manifest is written last, so an interrupted build leaves no data set, and
    building again goes on: images in whole files are not decoded again. Nothing is overwritten: what is built already
    stays, and if it is another data set, InvalidDataset is raised before anything is written. `told` is called now and
    then with how far it is. Raises InvalidSource for input that can't be used, InvalidDataset for a local destination
    that can't be written, ValueError for one that is no store, StoreError if it can't be written all the same.
    """
    objects = open_objects(destination if "://" in destination else Path(destination).absolute().as_uri())
    building = _Building(
        source=source,
        without=checked_folder(objects, source),
        objects=objects,
        name=name,
        sizes=tuple(sizes),
        encode=encode,
        held_out=(held_out_percent, seed, hold_out),
        journal=Journal.of(objects.uri),
        told=told,
    )
    return building.of(ImageOptions(max(sizes, default=None), fit, skip_unreadable), table or TableOptions())


@dataclass(frozen=True)
class _Building:
    """One build, once it is known where from and where to."""

    source: Path
    without: Path | None
    objects: Objects
    name: str
    sizes: tuple[int, ...]
    encode: Encoding
    held_out: tuple[int, int, Part | None]
    """The percent of it, the seed, and the part that it is where there are several."""
    journal: Journal
    told: Told

    def of(self, options: ImageOptions, table: TableOptions) -> BuiltDataset:
        """Build it, if need be again without the images that were found to be damaged: the order of the others follows
        from their number."""
        options = replace(options, looked=lambda done, of: self.told(BuildProgress(Stage.LOOKING, done, of)))
        if options.skip_unreadable:
            options = replace(options, damaged=dict(self.journal.damaged))
        while True:
            try:
                built = self._of_table(options, table) if is_table(self.source) else self._of_images(options, table)
            except DamagedImages as error:
                self.journal.note_damaged(error.reasons)
                if not options.skip_unreadable or error.reasons.keys() <= options.damaged.keys():
                    raise
                options = replace(options, damaged={**options.damaged, **error.reasons})
            else:
                self.journal.close()
                return built

    def _of_images(self, options: ImageOptions, table: TableOptions) -> BuiltDataset:
        if table != TableOptions():
            raise InvalidSource(f"{self.source}: columns are of tables; this is none")
        images = open_source(self.source, options, hold_out=self.held_out[2], without=self.without)
        field = self._image_field(images.channels, images.size)
        train, held_out = self._split(images)
        label = DataField(kind="class", type="int64", names=images.classes)
        rows = Readable(
            {"image": field, "label": label},
            "label",
            images.labels,
            lambda indices: {"label": images.labels[indices]},
        )
        parts = self._parts(len(images.labels))
        for part, indices in zip(PATHS, (train, held_out), strict=True):
            parts.write(part, rows, ImageColumn("image", field, images, options.fit), indices)
        notes = (*images.findings.notes, *_without_held_out(images, held_out))
        return self._finished(parts, rows.fields, images.found, images.findings.left_out, notes)

    def _of_table(self, options: ImageOptions, table: TableOptions) -> BuiltDataset:
        with ExitStack() as stack:
            rows = open_examples(self.source, table, options, self.held_out[2], stack)
            fields, image = dict(rows.fields), None
            if rows.image is None:
                if self.sizes or options.skip_unreadable or self.encode is not Encoding.UINT8:
                    raise InvalidSource(
                        f"{self.source}: sizes, encodings and unreadable images are of images; this table has none"
                    )
            else:
                column, there = rows.image
                fields[column] = self._image_field(there.channels, there.size)
                image = ImageColumn(column, fields[column], there, options.fit)
            train, held_out = self._split(rows, rows.groups)
            parts = self._parts(len(rows.labels))
            for part, indices in zip(PATHS, (train, held_out), strict=True):
                with rows.in_order(indices) as values:
                    parts.write(part, Readable(fields, rows.label, rows.labels, values), image, indices)
            notes = tuple(rows.findings.notes)
            return self._finished(parts, fields, rows.found, rows.findings.left_out, notes)

    def _image_field(self, channels: int, largest: int) -> DataField:
        chosen = tuple(sorted(set(self.sizes), reverse=True)) or (largest,)
        for size in chosen:
            if not 1 <= size <= largest:
                raise InvalidSource(f"{self.source}: size {size}; allowed: 1 to {largest}, the size of the images")
        return image_field(channels, chosen, self.encode)

    def _split(
        self, source: Splittable, groups: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        try:
            return split(source, *self.held_out[:2], groups=groups)
        except InvalidSource as error:
            raise InvalidSource(f"{self.source}: {error}") from None

    def _parts(self, examples: int) -> PartsWriter:
        return PartsWriter(Destination(self.objects), self.objects, self.journal, self.told, examples)

    def _finished(
        self,
        parts: PartsWriter,
        fields: Mapping[str, DataField],
        found: str,
        left_out: tuple[LeftOut, ...],
        notes: tuple[str, ...],
    ) -> BuiltDataset:
        """Write the manifest, which makes a data set of all that was written."""
        to, written = parts.to, parts.written
        values = {part: (split.examples, values) for part, (split, values) in written.items()}
        manifest = contract.ExamplesManifest(
            name=self.name,
            fields=dict(fields),
            content=content_digest(fields, values),
            **{part: split for part, (split, _) in written.items()},
        )
        data = contract.canonical_json(manifest.model_dump(mode="json"))
        if not to.put_manifest(data):
            raise to.conflict()
        reference = contract.Dataset(
            manifest=f"{to.uri}/{MANIFEST}", digest=contract.digest(data), content=manifest.content
        )
        return BuiltDataset(reference, manifest, found=found, left_out=left_out, notes=notes)


def _without_held_out(images: Source, held_out: NDArray[np.int64]) -> list[str]:
    there = set(images.labels[held_out].tolist())
    missing = [name for label, name in enumerate(images.classes) if label not in there]
    return [f"no image is held out of the classes {listed(missing, 5)}"] if missing else []

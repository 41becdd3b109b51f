"""Opens a data set: its manifest, checked against its digest."""

from __future__ import annotations

from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.data.arrow_images import OpenedExamples
from assay_trainer.data.blocks import BlockReader
from assay_trainer.data.node_cache import NodeCache
from assay_trainer.data.square_images import OpenedImages
from assay_trainer.objects import ObjectNotFound, UnfitObject, open_objects, split_object_uri
from assay_trainer.shards.errors import InvalidDataset

OpenedDataset = OpenedImages | OpenedExamples
"""A data set, by the version of its manifest."""


def open_dataset(dataset: contract.Dataset) -> OpenedDataset:
    """Open the data set behind a reference.

    Raises InvalidDataset if there is no manifest, if its digest differs from the reference's, or if it can't be
    understood; StoreError if the store can't be read.
    """
    try:
        prefix, name = split_object_uri(dataset.manifest)
        objects = open_objects(prefix)
        data = objects.get(name)
    except ValueError as error:
        raise InvalidDataset(f"manifest {dataset.manifest}: {error}") from None
    except UnfitObject as error:
        raise InvalidDataset(str(error)) from None
    except ObjectNotFound:
        raise InvalidDataset(f"{dataset.manifest}: no such manifest; `assay shards build` writes one") from None
    if (found := contract.digest(data)) != dataset.digest:
        raise InvalidDataset(f"{dataset.manifest}: digest {found}; expected {dataset.digest}")
    try:
        manifest = contract.read_manifest(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InvalidDataset(f"{dataset.manifest}: not a manifest of version 1 or 2: {field}: {first['msg']}") from None
    reader = BlockReader(objects, NodeCache.from_environment())
    if isinstance(manifest, contract.ExamplesManifest):
        return OpenedExamples(dataset, manifest, reader)
    return OpenedImages(dataset, manifest, reader)

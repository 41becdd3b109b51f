"""Finds the copy of a trial's chosen examples, or makes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache

from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.chosen.writing import write_examples
from assay_trainer.contract import DataField, TrialRequest
from assay_trainer.data.examples import Examples, open_reader
from assay_trainer.data.groups import Group
from assay_trainer.data.version_2 import groups_of_files
from assay_trainer.objects import ObjectNotFound, Objects, StoreError, UnfitObject
from assay_trainer.shards.errors import InvalidDataset

WORTH = 2.0
"""A copy is made where the blocks that have a chosen example are more than so many times as large as the examples."""

_log = logging.getLogger(__name__)


def copy_of_chosen(
    request: TrialRequest,
    store: Objects,
    scores: Callable[[], contract.Digest],
    fields: Mapping[str, DataField],
    image_size: int | None,
    scattered: Callable[[], Examples],
) -> Examples:
    """Return the examples of a trial whose subset is chosen by scores: from their copy in the store, which the first
    trial that wants it makes. Without one, for whatever reason, they are read where they lie (`scattered`).

    They are the same in the same order either way, so that no result depends on it, and the copy is no part of a key.
    `scores` returns the digest of the scores that have chosen them. Raises what `scattered` raises.
    """
    where = cache(scattered)
    try:
        name = contract.chosen_name(request, image_size)
        kept = _kept(store, name)
        if kept is None:
            if not _is_worth_it(where()):
                return where()
            files = write_examples(where(), store, contract.chosen_folder(request))
            kept = contract.ChosenExamples(
                scores=scores(), dataset=request.dataset.identity, examples=len(where()), files=files
            )
            store.put_if_absent(name, kept.model_dump_json().encode())
        if (kept.scores, kept.dataset) != (scores(), request.dataset.identity):
            raise InvalidDataset(f"{store.uri}/{name}: of other examples")
        groups = groups_of_files(open_reader(store.uri), fields, kept.files, kept.examples, image_size)
    except (InvalidDataset, StoreError, ValidationError) as error:
        _log.warning("the copy of the chosen examples is not used: %s", error)
        return where()
    return Examples(fields, store.uri, groups, None, where)


def _kept(store: Objects, name: str) -> contract.ChosenExamples | None:
    try:
        return contract.ChosenExamples.model_validate_json(store.get(name))
    except ObjectNotFound:
        return None
    except UnfitObject as error:
        raise StoreError(str(error)) from error


def _is_worth_it(examples: Examples) -> bool:
    """Return whether the examples lie elsewhere than on this machine, and so thinly that most of what is read is not
    wanted."""
    if examples.rows is None or examples.is_local:
        return False
    wanted = sum(group.bytes for group in examples.groups) * len(examples) / max(1, examples.groups[0].examples)
    return sum(_bytes_used(group, examples) for group in examples.groups) > WORTH * wanted


def _bytes_used(group: Group, examples: Examples) -> int:
    return sum(group.blocks[index].length for index in group.used(examples.rows))

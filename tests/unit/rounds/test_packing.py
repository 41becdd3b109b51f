from __future__ import annotations

from assay.rounds.reconcile import packed
from assay_trainer.contract import Dataset, TrialRequest, digest
from builders.requests import a_trial

NO_DATASET = Dataset(manifest="file:///data/manifest.json", digest=digest(b""))


def trials(*images: str) -> list[TrialRequest]:
    return [
        a_trial(NO_DATASET, "team:train", seed=seed).model_copy(update={"image": image})
        for seed, image in enumerate(images)
    ]


def test_items_of_one_image_are_packed_in_their_order() -> None:
    items = trials(*"aaaaa")
    assert list(packed(items, 2)) == [tuple(items[:2]), tuple(items[2:4]), tuple(items[4:])]


def test_items_of_different_images_are_never_in_one_request() -> None:
    items = trials(*"abba")
    assert list(packed(items, 4)) == [(items[0],), (items[1], items[2]), (items[3],)]

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
    assert list(packed(items, 4)) == [(items[0], items[3]), (items[1], items[2])]


def test_groups_start_in_the_order_of_their_first_items_and_are_filled_in_order() -> None:
    items = trials(*"abababa")
    want = [(items[0], items[2]), (items[1], items[3]), (items[4], items[6]), (items[5],)]
    assert list(packed(items, 2)) == want


def test_trials_of_different_arms_take_different_times_and_share_no_request() -> None:
    first, second, third = trials(*"aaa")
    short = second.model_copy(update={"arm": "short"})
    assert list(packed([first, short, third], 4)) == [(first, third), (short,)]


def test_one_that_is_to_run_alone_has_a_request_of_its_own() -> None:
    first, second, third = trials(*"aaa")
    alone = second.model_copy(update={"alone": True})
    assert list(packed([first, alone, third], 4)) == [(first, third), (alone,)]

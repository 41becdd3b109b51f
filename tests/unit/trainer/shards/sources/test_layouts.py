"""Whatever folders are called and however they lie in each other: each image is used or counted as left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay_trainer.shards import InvalidSource, Part
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.layout import lay_out
from assay_trainer.shards.sources.parts import part_of
from assay_trainer.shards.sources.tree import Parts, Tree
from builders.effort import tries

NAMES = ["train", "Train", "test", "val", "eval", "cats", "dogs", "images", "data", "labels"]

folders = st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)
in_parts = st.tuples(st.sampled_from(["train", "Test", "val", "extra"]), st.sampled_from(["cats", "dogs"]))
file_names = st.sampled_from(["0.png", "1.png"])
images = st.one_of(
    st.lists(st.tuples(folders, file_names), max_size=16),
    st.lists(st.tuples(st.one_of(in_parts, in_parts, in_parts, folders), file_names), min_size=8, max_size=24),
)
empty_folders = st.lists(folders, max_size=3)


def a_tree(images: list[tuple[Parts, str]], empty: list[Parts]) -> Tree:
    files = sorted({(*folder, name) for folder, name in images})
    inner = {path[:depth] for path in files for depth in range(1, len(path))}
    return Tree(files, inner | {path[:depth] for path in empty for depth in range(1, len(path) + 1)})


@settings(max_examples=tries(200, quick=40))
@given(images, empty_folders, st.sampled_from([None, Part.TEST, Part.VALIDATION]))
def test_every_image_is_used_or_counted(
    given: list[tuple[Parts, str]], empty: list[Parts], hold_out: Part | None
) -> None:
    tree, findings = a_tree(given, empty), Findings()
    try:
        layout = lay_out(tree, findings, hold_out)
    except InvalidSource:
        return
    assert len(layout.files) + sum(each.count for each in findings.left_out) == len(tree.images)
    assert len(set(layout.files)) == len(layout.files) == len(layout.labels)
    assert set(layout.labels) == set(range(len(layout.classes)))
    assert layout.held_out is None or set(layout.held_out) == {False, True}


@settings(max_examples=tries(50, quick=20))
@given(images, empty_folders)
def test_a_layout_does_not_depend_on_the_order_in_which_files_are_found(
    given: list[tuple[Parts, str]], empty: list[Parts]
) -> None:
    def said(tree: Tree) -> object:
        findings = Findings()
        try:
            return lay_out(tree, findings), findings.left_out, findings.notes
        except InvalidSource as error:
            return str(error)

    assert said(a_tree(given, empty)) == said(a_tree(given[::-1], empty[::-1]))


@pytest.mark.parametrize(
    ("name", "want"),
    [
        *(
            (name, Part.TRAIN)
            for name in ("train", "TRAIN", "Training", "train_set", "trainset", "train2017", "train-images")
        ),
        *(
            (name, Part.VALIDATION)
            for name in ("val", "Valid", "validation_data", "dev", "eval", "val2017", "Evaluation")
        ),
        *(
            (name, Part.TEST)
            for name in ("test", "Testing", "test set", "held_out", "held-out", "HoldOut", "test_images")
        ),
        *(
            (name, None)
            for name in ("trains", "train1", "trainer", "contest", "value", "images", "", "2017", "data", "set")
        ),
    ],
)
def test_a_part_is_known_by_its_name(name: str, want: Part | None) -> None:
    assert part_of(name) is want

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from assay_trainer.contract import Fidelity
from assay_trainer.subsets import choose
from assay_trainer.subsets.custom import as_scores
from assay_trainer.subsets.errors import SubsetUnusable

SCORES = np.array([0.1, 0.9, 0.5, 0.9, 0.2, 0.3, 0.8, 0.4])
HARDEST = [1, 3]
MASK = np.isin(np.arange(8), HARDEST)


def chosen(returned: Any, percent: int = 25) -> list[int]:
    scores = as_scores(returned, 8, round(8 * percent / 100), "team.subsets:score")
    fidelity = Fidelity(data_percent=percent, subset="Custom", subset_entrypoint="team.subsets:score")
    return list(map(int, choose(8, fidelity, 0, scores, np.zeros(8, np.int64))))


@pytest.mark.parametrize(
    "returned",
    [
        SCORES,
        SCORES.tolist(),
        torch.tensor(SCORES, requires_grad=True),
        SCORES.astype(np.float16),
        MASK,
        MASK.tolist(),
        torch.tensor(MASK),
        np.array([3, 1]),
        [1, 3],
        np.array([3, 1], np.uint8),
        torch.tensor([3, 1]),
    ],
)
def test_scores_booleans_and_indices_choose_the_same(returned: Any) -> None:
    assert chosen(returned) == HARDEST


def test_of_equal_scores_the_first_are_chosen() -> None:
    assert chosen(np.ones(8)) == [0, 1]


@pytest.mark.parametrize(
    ("returned", "want_given", "want_allowed"),
    [
        (None, "None", "floats (scores), booleans or whole numbers (indices)"),
        ("easy", "'easy'", "floats (scores)"),
        ([], "nothing at all", "floats (scores)"),
        ({"scores": SCORES}, "dict", "floats (scores)"),
        (0.5, "0.5", "floats (scores)"),
        ([[1, 2], [3]], "a list", "floats (scores)"),
        (SCORES.astype(complex), "a numpy.ndarray of shape (8,)", "floats (scores)"),
        (SCORES[:, None], "an array of shape (8, 1)", "one dimension"),
        (SCORES[:7], "7 scores", "8, one for each training example"),
        (np.where(MASK, np.nan, SCORES), "nan for example 1, and 2 such scores in all", "finite numbers"),
        (np.where(MASK, 1e300, SCORES), "1e+300 for example 1", "fit into 32 bits"),
        (MASK[:5], "5 booleans", "8, one for each"),
        (np.arange(8) == 1, "1 of 8 examples, which are too few", "2, by dataPercent"),
        (np.arange(8) > 1, "6 of 8 examples, which are too many", "2, by dataPercent"),
        ([1], "1 of 8 examples, which are too few", "2, by dataPercent"),
        ([1, 1], "indices of which 1 are there twice", "each example once"),
        ([1, 8], "indices from 1 to 8", "0 to 7"),
        ([-1, 3], "indices from -1 to 3", "0 to 7"),
        ([3, 1, 4, 1, 5, 2, 6, 5], "indices of which 2 are there twice", "scores are to be floats"),
    ],
)
def test_what_can_not_be_used_is_said_with_what_may_be_returned(
    returned: Any, want_given: str, want_allowed: str
) -> None:
    with pytest.raises(SubsetUnusable) as caught:
        chosen(returned)
    said, _, allowed = str(caught.value).partition("; allowed: ")
    assert said.startswith("subset function team.subsets:score: returned ")
    assert want_given in said
    assert want_allowed in allowed


def test_a_result_whose_conversion_raises_is_said_by_its_kind() -> None:
    class Broken:
        def __array__(self, *_: object, **__: object) -> None:
            raise OSError("gone")

    with pytest.raises(SubsetUnusable, match=r"Broken.*OSError"):
        chosen(Broken())

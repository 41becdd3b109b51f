"""What a subset function is given.

A subset function is any `def choose(preparation: Preparation)` that says which training examples a core-set is made of.
The smallest one:

    def longest(preparation):
        images, labels = preparation.training_data()     # uint8 (n, height, width, channels), int64 (n,)
        return images.sum((1, 2, 3)) / 255               # a score for each example: the highest are chosen

It returns one of three: a float for each example, of which the `preparation.count` highest are chosen (of equal ones
the first); a boolean for each example, `count` of them true; or the indices of `count` examples, as whole numbers.
It runs once for all hypotheses and seeds of an arm, and its cost is charged to the arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from assay_trainer.arrays import Images, Labels
from assay_trainer.contract import Fidelity
from assay_trainer.trial import Model, recipe_as

SEED = 1_000_000
"""The seed of preparations, far from the seeds of trials, so that no trial's data is chosen by a network that starts as
it does."""


class Preparation:
    """The choice of a core-set.

    recipe: the arm's recipe before a hypothesis changes it, read-only.
    fidelity: the arm's `.image_size` and `.batch_size` (None: choose your own), its `.data_percent`, and `.epochs`,
        which are the reference's.
    examples: how many training examples there are.
    count: how many of them are to be chosen.
    seed: seeds everything random; the same for all seeds of the trials. `random`, numpy and torch (if imported by then)
        are seeded with it already.
    device: "cpu", "cuda" or "cuda:<n>".
    threads: how many threads this may use on the CPU.
    classes: names of the classes; labels are indices into it.
    """

    def __init__(
        self,
        *,
        recipe: Mapping[str, Any],
        fidelity: Fidelity,
        examples: int,
        count: int,
        classes: tuple[str, ...],
        training_data: Callable[[], tuple[Images, Labels]],
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        self.recipe: Mapping[str, Any] = MappingProxyType(dict(recipe))
        self.fidelity = fidelity
        self.examples = examples
        self.count = count
        self.seed = SEED
        self.classes = classes
        self.device = device
        self.threads = threads
        self._training_data = training_data

    def training_data(self) -> tuple[Images, Labels]:
        """Return images, uint8 (examples, height, width, channels), and labels, int64 (examples,): all training
        examples at the arm's image size.

        Raises InvalidDataset if a shard is missing or damaged. The caller may change the arrays.
        """
        return self._training_data()

    def recipe_as(self, model: type[Model]) -> Model:
        """Return the recipe as a pydantic model. Raises InvalidRecipe that names each field and the nearest valid
        name."""
        return recipe_as(self.recipe, model)

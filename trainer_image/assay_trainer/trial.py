"""The trial that a train function is given.

A train function is any `def train(trial: Trial) -> dict[str, float]`. The smallest one:

    def train(trial):
        images, labels = trial.training_data()           # uint8 (n, height, width, channels), int64 (n,)
        model = MyModel(**trial.recipe).fit(images, labels, epochs=trial.fidelity.epochs)
        images, labels = trial.held_out()
        return {"accuracy": model.score(images, labels)}

The study's metric must be among the keys that it returns, as a finite number. Other finite numbers are kept with it;
lists, arrays, texts and NaN are left out, and the trial's log and its row in the report say so. Everything else below
is optional.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from assay_trainer.arrays import Images, Labels
from assay_trainer.checkpoints import Checkpoints
from assay_trainer.contract import CurvePoint, Fidelity
from assay_trainer.data.examples import Examples
from assay_trainer.data.opening import SplitName
from assay_trainer.data.own_data import OwnData
from assay_trainer.data.pixel_statistics import PixelStatistics
from assay_trainer.described import described
from assay_trainer.nearest import did_you_mean
from assay_trainer.profile.phases import Phase, PhaseName, PhaseTimer
from assay_trainer.returned.curve import LearningCurve
from assay_trainer.returned.examples import ExampleValues
from assay_trainer.returned.number import as_number
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.subsets.errors import SubsetUnusable
from assay_trainer.subsets.keep import Keep
from assay_trainer.subsets.keeping import Keeping
from assay_trainer.subsets.rotation import Rotation

Model = TypeVar("Model", bound=BaseModel)


_ENOUGH = "the trial ends after epoch {}, which has been reported"


class EnoughReported(BaseException):
    """All that the trial was asked for has been reported: it ends here, and has succeeded. Raised by `Trial.report`.

    It is no `Exception`, so that `except Exception` in a train function does not catch it.
    """


class InvalidRecipe(Exception):
    """A train function refuses its recipe. Say the field's path, what was given and what is allowed."""


class TrainingEpochs(NamedTuple):
    """The examples that some epoch of a trial trains on, and which of them each epoch does."""

    images: Images
    labels: Labels
    rows: Callable[[int], NDArray[np.int64]]
    """Of an epoch, from 1 on: where its examples are in these arrays, ascending."""


class Trial:
    """One run to be made: (hypothesis, arm, seed).

    recipe: the merged recipe, read-only.
    fidelity: `.epochs` or, where they are not None, `.steps` (steps of the whole run, each on a batch),
        `.image_size`, `.batch_size` (None: choose your own), `.data_percent`. The data come cut to image size and
        percent already; epochs, steps and batch size are the function's to keep.
    wanted_epochs: the epochs at which somebody wants to read the learning curve, in their order; often none. Report the
        study's metric, and what else is cheap, after these too.
    seed: seeds everything random. `random`, numpy and torch (if imported by then) are seeded with it already.
    device: "cpu", "cuda" or "cuda:<n>".
    threads: how many threads this process may use on the CPU.
    deterministic: whether only operations are to be used that give the same bits again; torch is told so already.
    rank, world_size: the number of this process, and of all processes of the trial: 0 of 1, unless the function is
        marked with `assay_trainer.ranks.uses_devices` and the trial has several devices. Then the environment is that
        of torchrun, so that `torch.distributed.init_process_group()` finds the others. All get the same data. Only what
        rank 0 reports and returns counts.
    pixel_statistics: `.mean` and `.deviation` of the pixels (0 to 255) of each channel, over the whole training split
        at its largest size, from the manifest: the same for all arms. None if the manifest has none (of version 1, or
        without images).
    run_url: set it to where your own tracker shows this run: a text, http://… or https://….
    """

    def __init__(
        self,
        *,
        recipe: Mapping[str, Any],
        fidelity: Fidelity,
        seed: int,
        classes: tuple[str, ...] | Callable[[], tuple[str, ...]],
        training_data: Callable[[], tuple[Images, Labels]],
        held_out: Callable[[], tuple[Images, Labels]],
        device: str = "cpu",
        threads: int = 1,
        deterministic: bool = False,
        rank: int = 0,
        world_size: int = 1,
        timer: PhaseTimer | None = None,
        learning_curve: LearningCurve | None = None,
        rotation: Rotation | None = None,
        at_enough: Callable[[], None] = lambda: None,
        examples: Callable[[SplitName], Examples] | None = None,
        own_data: OwnData | None = None,
        own_held_out: OwnData | None = None,
        checkpoints: Checkpoints | None = None,
        pixel_statistics: PixelStatistics | None = None,
    ) -> None:
        self.recipe: Mapping[str, Any] = MappingProxyType(dict(recipe))
        self.fidelity = fidelity
        self.seed = seed
        self.device = device
        self.threads = threads
        self.deterministic = deterministic
        self.rank = rank
        self.world_size = world_size
        self.run_url: str | None = None
        self.pixel_statistics = pixel_statistics
        self.timer = timer or PhaseTimer(device)
        self.learning_curve = learning_curve or LearningCurve()
        self.wanted_epochs = self.learning_curve.wanted.epochs
        self.example_values = ExampleValues()
        self.samples = 0
        self.training_examples = 0
        self.loading_seconds = 0.0
        self._started = time.perf_counter_ns()
        self._training_data = training_data
        self._held_out = held_out
        self._examples = examples
        self._rotation = rotation
        self._epochs: TrainingEpochs | None = None
        self._classes = classes
        self._own_data, self._own_held_out = own_data, own_held_out
        self.keeping = None if own_data is None else Keeping(fidelity, seed)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._at_enough = at_enough
        self._checkpoints = checkpoints
        self._ends = False
        self._process = os.getpid()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; labels are indices into it. Raises InvalidDataset if the function reads its data by
        itself."""
        return self._classes() if callable(self._classes) else self._classes

    def training_data(self, epoch: int | None = None) -> tuple[Images, Labels]:
        """Return images, uint8 (n, height, width, channels), and labels, int64 (n,): the trial's subset at its image
        size.

        With `subset: RS2` each epoch has a subset of its own, so `epoch` (from 1 on) must be given; with any other
        subset it may be, and changes nothing. Raises SubsetUnusable if it is needed and not given, ValueError if the
        trial has no such epoch, InvalidDataset if a shard is missing or damaged. The caller may change the arrays.
        """
        if self._rotation is None:
            images, labels = self._load(self._training_data)
            self.training_examples = len(labels)
            return images, labels
        if epoch is None:
            raise SubsetUnusable(
                "subset RS2 has other examples in each epoch, and the train function asks for training_data() of none; "
                "allowed: trial.training_data(epoch) at the start of each epoch, or trial.training_epochs()"
            )
        images, labels, rows = self.training_epochs()
        return images[rows(epoch)], labels[rows(epoch)]

    def training_epochs(self) -> TrainingEpochs:
        """Return (images, labels, rows): the examples that some epoch trains on, as `training_data` has them, and
        `rows(epoch)`, which of them that epoch does. They differ between epochs with `subset: RS2` alone.

        Raises InvalidDataset. Do not change these arrays.
        """
        if self._epochs is None:
            images, labels = self._load(self._training_data)
            every = np.arange(len(labels))
            rows = (lambda _: every) if self._rotation is None else self._rotation.rows
            self.training_examples = len(every if self._rotation is None else rows(1))
            self._epochs = TrainingEpochs(images, labels, rows)
        return self._epochs

    def held_out(self) -> tuple[Images, Labels]:
        """Return the study's whole held-out split, in the same form. It gives the score: do not train on it."""
        images, labels = self._load(self._held_out)
        self.example_values.held_out = len(labels)
        return images, labels

    def examples(self, split: SplitName) -> Examples:
        """Return the examples of a split of a data set with a manifest, whatever their fields:
        `trial.examples("train")` has the trial's subset, `trial.examples("held_out")` all.

        They come as arrays (`.arrays()`), as a data set for a DataLoader (`.torch()`), or as shuffled batches in
        bounded memory (`.batches(size)`); `.schema` has the fields. With `subset: RS2` they are those of all epochs.
        Raises InvalidDataset, StoreError, ValueError for another split.
        """
        if self._examples is None:
            raise InvalidDataset(
                "trial.examples(): the train function reads its data by itself (spec.dataset.uri, version); "
                "allowed: trial.dataset"
            )
        if split not in ("train", "held_out"):
            raise ValueError(f'trial.examples: given {described(split)}; allowed: "train", "held_out"')
        found = self._examples(split)
        if split == "train":
            self.training_examples = len(found)
        else:
            self.example_values.held_out = len(found)
        return found

    @property
    def dataset(self) -> OwnData:
        """What `spec.dataset: {uri, version}` says: `trial.dataset.uri`, `.path` (of a file:// URI), `.version`.

        Nothing of it is read or checked. A hypothesis may have its own; where its held-out examples are is then said by
        `held_out_dataset`. Raises InvalidDataset for a data set with a manifest.
        """
        return self._own("dataset", self._own_data, "trial.training_data()")

    @property
    def held_out_dataset(self) -> OwnData:
        """What the study's own `spec.dataset: {uri, version}` says: its held-out examples give the score, also of a
        hypothesis that trains on other data."""
        return self._own("held_out_dataset", self._own_held_out, "trial.held_out()")

    @property
    def keep(self) -> Keep:
        """Says which examples of its own data the trial keeps: `if trial.keep(index)`, or `mask = trial.keep(indices)`.

        Indices count from 0 in an order that is the same in every trial. Of every hundred in a row `dataPercent` are
        kept, drawn anew for each seed, the same for all hypotheses of a seed. It can be pickled, for workers of a data
        loader. Raises InvalidDataset for a data set with a manifest, whose data come cut already.
        """
        return self._kept("keep").keep

    def kept(self, examples: int) -> NDArray[np.int64]:
        """Return the indices that `keep` keeps of so many training examples, ascending, int64 (kept,).

        `rows = rows[trial.kept(len(rows))]`, or `Subset(dataset, trial.kept(len(dataset)))` in torch.

        Raises ValueError for what is no whole number above 0, InvalidDataset if none is kept or the data set has a
        manifest.
        """
        keeping = self._kept("kept")
        indices = keeping.kept(examples)
        self.training_examples = keeping.examples
        return indices

    def recipe_as(self, model: type[Model]) -> Model:
        """Return the recipe as a pydantic model. Raises InvalidRecipe that names each field and the nearest valid
        name."""
        return recipe_as(self.recipe, model)

    def report(self, epoch: int, **metrics: float) -> None:
        """Add a point to the learning curve: `trial.report(3, accuracy=0.91, loss=0.3)`; NaN is allowed.

        Of a curve with very many points some are dropped, never the first or the last, and none that is wanted. Of
        several points of an epoch the first that has a metric counts. A trial that is to end after an epoch
        (`fidelity.stop_after`) ends within this call, by EnoughReported, once that epoch has what is wanted of it, or
        at the next `checkpoint` if the function has asked for `restored`. In
        another process than the one that was given the trial nothing is recorded and nothing ends. Raises TypeError for
        a metric that is no number, ValueError for an epoch that is no whole number of 0 or more.
        """
        point = CurvePoint(epoch=_whole(epoch), seconds=self.training_seconds, metrics=_as_numbers(metrics))
        self.learning_curve.add(point)
        if self.learning_curve.is_enough and os.getpid() == self._process:
            self._at_enough()
            if not self._ends and self._checkpoints is not None and self._checkpoints.follow_reports:
                self._ends = True  # at the next checkpoint, from which the whole run may go on
            else:
                raise EnoughReported(_ENOUGH.format(self.fidelity.stop_after))

    @property
    def restored(self) -> Any | None:
        """The state that an earlier attempt, or a shorter run, has given to `checkpoint`; None: start from the
        beginning.

        Tensors are on the CPU. The learning curve, counted samples and the profile go on by themselves. A function that
        asks for it is to call `checkpoint` after each report, too: a trial that ends after an epoch ends there.
        """
        return None if self._checkpoints is None else self._checkpoints.restored()

    def checkpoint(self, state: Any, *, for_longer: bool = False) -> None:
        """Keep what is needed to go on from here, if it is time for it: call it after each epoch, or each step.

        state: dicts, lists and tuples of numbers, texts, bytes, None, numpy arrays and tensors; or a function that
            returns them, which is called only if they are written (at most 4 GiB).
        for_longer: a run of more epochs, or of more steps, may go on from here as well. Such a state is always written.

        If the trial was told to end (preempted, evicted, Ctrl-C), the state is written and the call raises ToldToEnd.
        In another process than the one that was given the trial nothing happens. What can't be kept costs no trial its
        result; its notes say so.
        """
        if self._checkpoints is not None:
            self._checkpoints.checkpoint(state, for_longer=for_longer, last=self._ends)
        if self._ends and os.getpid() == self._process:
            raise EnoughReported(_ENOUGH.format(self.fidelity.stop_after))

    @property
    def training_seconds(self) -> float:
        """The seconds since training began; of a trial that goes on from a checkpoint those before it, too."""
        before = 0.0 if self._checkpoints is None else self._checkpoints.before.training_seconds
        return before + (time.perf_counter_ns() - (self.timer.first or self._started)) / 1e9

    @property
    def curve(self) -> Sequence[CurvePoint]:
        """The points that were reported so far."""
        return self.learning_curve.points

    def per_example(self, *, correct: Any = None, loss: Any = None) -> None:
        """Say how each held-out example fared, in the order of the held-out split: `trial.per_example(correct=wrong ==
        0)`, `trial.per_example(loss=losses)`, or both.

        `correct`: booleans, or 0 and 1; `loss`: finite numbers; each an array, a tensor or a list of one dimension. Its
        mean should be the study's metric. It lets verdicts speak of fresh examples (`verdicts.generaliseTo`), and costs
        no trial its result: what can't be used is left out, and the trial's log and its row in the report say so. If it
        is called again, the last call counts.
        """
        self.example_values.take(correct=correct, loss=loss)

    def timed(self, phase: PhaseName) -> Phase:
        """`with trial.timed("forward"): ...` charges the block to a phase of the profile.

        Phases: data_wait, copy_to_device, forward, backward, optimizer, evaluation. Costs about a microsecond.
        What no phase claims is shown as "other"; a phase within another counts as the outer one.
        """
        return self.timer.phase(phase)

    def count_samples(self, samples: int) -> None:
        """Say that so many more training examples were processed; if never called, examples x epochs is assumed,
        or steps x batch size.

        Raises ValueError for what is no whole number of 0 or more.
        """
        self.samples += _whole(samples, "samples")

    @property
    def scratch(self) -> Path:
        """An empty folder of this trial's own, removed when the trial ends."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="assay-trial-", ignore_cleanup_errors=True)
        return Path(self._scratch.name)

    def close(self) -> None:
        """Remove the scratch folder."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a trial can't be pickled. What goes to another process, such as a DataLoader's dataset, may hold what it "
            "needs of it: trial.keep, trial.dataset.uri, dict(trial.recipe)"
        )

    def _own(self, name: str, data: OwnData | None, instead: str) -> OwnData:
        if data is None:
            raise InvalidDataset(f"trial.{name}: this data set has a manifest; use {instead}")
        return data

    def _kept(self, name: str) -> Keeping:
        if self.keeping is None:
            raise InvalidDataset(
                f"trial.{name}: this data set has a manifest, and trial.training_data() is cut to dataPercent already; "
                "it is for spec.dataset: {uri, version}"
            )
        return self.keeping

    def _load(self, load: Callable[[], tuple[Images, Labels]]) -> tuple[Images, Labels]:
        began = time.perf_counter_ns()
        try:
            return load()
        finally:
            self.loading_seconds += (time.perf_counter_ns() - began) / 1e9


def _whole(value: Any, name: str = "epoch") -> int:
    try:
        number = int(value)
        if number == value and number >= 0:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name}: given {described(value)}; allowed: a whole number, 0 or more")


def _as_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers = {}
    for name, value in metrics.items():
        try:
            numbers[name] = as_number(value)
        except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
            raise TypeError(f"metric {name!r}: given {described(value)}; allowed: a number") from error
    return numbers


def recipe_as(recipe: Mapping[str, Any], model: type[Model]) -> Model:
    """Return a recipe as a pydantic model. Raises InvalidRecipe that names each field and the nearest valid name."""
    try:
        return model.model_validate(dict(recipe))
    except ValidationError as error:
        raise InvalidRecipe(describe_validation(error, model)) from error


def describe_validation(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """Return one line per invalid field: its path below `recipe`, what was given, what is allowed, the nearest name."""
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    lines = []
    for problem in error.errors(include_url=False):
        path = ".".join(["recipe", *(str(part) for part in problem["loc"])])
        if problem["type"] == "extra_forbidden":
            allowed = f"; allowed: {', '.join(names)}" if names else ""
            lines.append(f"{path}: no such field{did_you_mean(str(problem['loc'][-1]), names)}{allowed}")
        else:
            lines.append(f"{path}: given {problem['input']!r:.80}; {problem['msg']}")
    return "\n".join(lines)

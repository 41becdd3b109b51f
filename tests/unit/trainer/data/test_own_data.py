"""What a trial says of data that its train function reads by itself, and what it is told that it trained on."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay_trainer.attempts.trial_data import data_of
from assay_trainer.contract import Dataset, Fidelity, StatedDataset, TrialRequest, digest
from assay_trainer.data.own_data import OwnData
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.subsets.keep import Keep
from assay_trainer.trial import Trial
from builders.any_data import a_trial_on_own_data
from builders.datasets import tiny_dataset
from builders.requests import a_trial

STATED = StatedDataset(uri="s3://data/table.csv", version="3")


def notes(trial: Trial) -> list[str]:
    assert trial.keeping is not None
    return list(trial.keeping.notes(trial.samples))


def test_a_trial_keeps_what_its_percent_and_seed_say() -> None:
    trial = a_trial_on_own_data(25, seed=3)
    assert trial.kept(1000).tolist() == Keep(25, 3).indices(1000).tolist()
    assert trial.keep(trial.kept(1000)).all()
    assert a_trial_on_own_data().kept(7).tolist() == list(range(7))


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, None, np.arange(3), "9"])
def test_kept_wants_the_number_of_examples(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"trial\.kept: given .*; allowed: how many training examples there are"):
        a_trial_on_own_data(25).kept(wrong)


def test_too_few_examples_to_keep_any_are_said() -> None:
    with pytest.raises(InvalidDataset, match=r"dataPercent 1 keeps none of 2 training examples"):
        a_trial_on_own_data(1).kept(2)


def test_speed_is_of_the_examples_that_were_kept() -> None:
    trial = a_trial_on_own_data(25)
    trial.kept(1000)
    assert trial.training_examples == 250


def test_a_trial_of_our_shards_says_that_they_are_cut_already(tmp_path: Path) -> None:
    request = a_trial(tiny_dataset(tmp_path), "team.train:run")
    trial = on(request)
    asked: list[Callable[[], Any]] = [lambda: trial.keep, lambda: trial.kept(9)]
    for each in asked:
        with pytest.raises(InvalidDataset, match=r"has a manifest, and trial\.training_data\(\) is cut to dataPercent"):
            each()
    with pytest.raises(InvalidDataset, match=r"trial\.dataset: .* has a manifest; use trial\.training_data\(\)"):
        _ = trial.dataset
    with pytest.raises(InvalidDataset, match=r"trial\.held_out_dataset: .* use trial\.held_out\(\)"):
        _ = trial.held_out_dataset


def test_a_trial_of_stated_data_says_what_to_do_instead_of_asking_for_shards() -> None:
    trial = on(request_on(STATED, STATED))
    asked: dict[str, Callable[[], Any]] = {
        r"trial\.classes: spec\.dataset is version 3 of s3://data/table.csv, .* say them yourself": lambda: (
            trial.classes
        ),
        r"trial\.training_data\(\): .* read what trial\.keep keeps of trial\.dataset\.uri": trial.training_data,
        r"trial\.held_out\(\): .* trial\.held_out_dataset\.uri, or give spec\.dataset\.manifest": trial.held_out,
    }
    for want, ask in asked.items():
        with pytest.raises(InvalidDataset, match=want):
            ask()
    assert (trial.dataset.uri, trial.dataset.version) == ("s3://data/table.csv", "3")


def test_a_hypothesis_may_read_its_training_data_by_itself_and_be_scored_by_our_shards(tmp_path: Path) -> None:
    trial = on(request_on(STATED, tiny_dataset(tmp_path)))
    images, labels = trial.held_out()
    assert (images.shape[1:], len(labels)) == ((8, 8, 1), 12)
    assert len(trial.classes) == 3
    assert trial.dataset.version == "3"
    with pytest.raises(InvalidDataset, match=r"trial\.training_data"):
        trial.training_data()


def test_a_hypothesis_with_other_stated_data_knows_where_the_held_out_examples_are() -> None:
    trial = on(request_on(STATED, StatedDataset(uri="s3://data/raw.csv", version="1")))
    assert (trial.dataset.uri, trial.held_out_dataset.uri) == ("s3://data/table.csv", "s3://data/raw.csv")


def test_the_path_of_a_file_is_given_and_what_is_no_file_is_said(tmp_path: Path) -> None:
    table = tmp_path / "a table.csv"
    table.touch()
    assert OwnData(table.as_uri(), "1").path == table
    for uri, want in (
        (f"file://{tmp_path}/none", "none, where there is nothing. On a cluster it is a path within the trial's pod"),
        ("s3://data/table.csv", "spec.dataset has s3://data/table.csv; allowed: a path or a file:///"),
        (None, "spec.dataset has no uri"),
    ):
        with pytest.raises(InvalidDataset, match=want):
            _ = OwnData(uri, "1").path


def test_a_trial_can_not_be_pickled_and_says_what_can() -> None:
    trial = a_trial_on_own_data(25)
    with pytest.raises(TypeError, match=r"a trial can't be pickled.*trial\.keep"):
        pickle.dumps(trial)
    assert pickle.loads(pickle.dumps((trial.keep, trial.dataset))) == (trial.keep, trial.dataset)


# ----------------------------------------------------------------------------- what was trained on


def trained(percent: int, *, there: int = 1000, samples: int, epochs: int = 3, **fields: Any) -> list[str]:
    trial = a_trial_on_own_data(percent, epochs=epochs, **fields)
    trial.kept(there)
    trial.count_samples(samples)
    return notes(trial)


def test_a_function_that_never_asks_what_to_keep_is_noted() -> None:
    (note,) = notes(a_trial_on_own_data(25))
    assert note.startswith("dataPercent is 25, and the function has not asked which examples to keep")
    assert notes(a_trial_on_own_data(100)) == []


def test_training_on_everything_is_noted() -> None:
    (note,) = trained(25, samples=3000)
    want = "trained on more than was asked: dataPercent 25 of 1000 examples is 250, 3 times is 750"
    assert note.startswith(want)
    assert "3000" in note


def test_training_on_much_less_is_noted() -> None:
    (note,) = trained(100, samples=1000)
    assert note.startswith("trained on less than was asked: dataPercent 100 of 1000 examples is 1000, 3 times is 3000")


@pytest.mark.parametrize(
    ("percent", "samples"),
    [(25, 750), (25, 3 * 192), (25, 1500), (25, 6000), (25, 2250), (100, 3000), (100, 12_000), (99, 2970)],
)
def test_dropped_batches_and_augmented_copies_are_no_fault(percent: int, samples: int) -> None:
    assert trained(percent, samples=samples) == []


def test_a_trial_that_ends_early_is_held_to_the_epochs_until_then() -> None:
    assert trained(25, samples=250, stop_after=1) == []


def test_a_trial_of_so_many_steps_may_go_round_as_often_as_it_needs() -> None:
    assert trained(25, samples=1000, epochs=1, steps=100) == []


def test_what_is_not_known_is_not_judged() -> None:
    trial = a_trial_on_own_data(25)
    _ = trial.keep  # its workers may ask it
    trial.count_samples(10)
    assert notes(trial) == []
    trial.kept(100)
    trial.kept(200)  # several files: how many examples there are in all is not known
    assert notes(trial) == []
    assert trial.training_examples == 0


def request_on(dataset: StatedDataset | Dataset, held_out: StatedDataset | Dataset) -> TrialRequest:
    unused = Dataset(manifest="file:///none", digest=digest(b""))
    return a_trial(unused, "team.train:run").model_copy(update={"dataset": dataset, "held_out": held_out})


def on(request: TrialRequest) -> Trial:
    data = data_of(request, None)
    return Trial(
        recipe={},
        fidelity=Fidelity(data_percent=25),
        seed=0,
        classes=data.classes,
        training_data=data.training,
        held_out=data.held_out,
        own_data=data.own,
        own_held_out=data.own_held_out,
    )

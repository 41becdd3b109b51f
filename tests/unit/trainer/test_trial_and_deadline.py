from __future__ import annotations

import contextlib
import signal

import numpy as np
import pytest

from assay_trainer.contract import Fidelity
from assay_trainer.nearest import did_you_mean
from assay_trainer.processes.deadline import Deadline, DeadlineExceeded
from assay_trainer.trial import Trial


def a_bare_trial() -> Trial:
    images, labels = np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int64)
    return Trial(
        recipe={"rate": 1},
        fidelity=Fidelity(),
        seed=0,
        classes=("a", "b"),
        training_data=lambda: (images, labels),
        held_out=lambda: (images, labels),
    )


def test_a_report_takes_numbers_of_any_library_and_refuses_the_rest() -> None:
    trial = a_bare_trial()
    trial.report(1, loss=np.float32(0.5))  # type: ignore[arg-type]
    assert trial.curve[0].metrics == {"loss": 0.5}
    with pytest.raises(TypeError, match="metric 'loss': given 'low'"):
        trial.report(2, loss="low")  # type: ignore[arg-type]


def test_the_recipe_is_read_only() -> None:
    with pytest.raises(TypeError):
        a_bare_trial().recipe["rate"] = 2  # type: ignore[index]


def test_an_unknown_phase_is_an_error_that_lists_the_phases() -> None:
    with pytest.raises(ValueError, match="given 'forwards'; allowed: data_wait, copy_to_device, forward"):
        a_bare_trial().timed("forwards")  # type: ignore[arg-type]


def test_a_deadline_ends_a_loop_that_swallows_exceptions() -> None:
    deadline = Deadline(0.02)

    def swallow() -> None:
        while True:
            with contextlib.suppress(Exception):
                sum(range(100))

    with pytest.raises(DeadlineExceeded, match=r"still running after 0\.02 s"), deadline:
        swallow()
    assert deadline.expired


def test_a_block_that_ends_in_time_leaves_no_timer_and_no_handler() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with Deadline(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_the_nearest_name_is_offered_only_if_it_is_near() -> None:
    assert did_you_mean("learning_rate", ["learningRate", "width"]) == "; did you mean 'learningRate'?"
    assert did_you_mean("zzz", ["learningRate", "width"]) == ""


def test_a_split_that_is_none_is_an_error_that_lists_the_splits() -> None:
    trial = a_bare_trial()
    trial._examples = lambda split: pytest.fail(split)
    with pytest.raises(ValueError, match='given \'validation\'; allowed: "train", "held_out"'):
        trial.examples("validation")  # type: ignore[arg-type]

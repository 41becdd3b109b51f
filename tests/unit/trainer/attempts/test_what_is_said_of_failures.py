"""What is said of a failure is bounded wherever it is written down: in characters, in bytes, and whoever wrote it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from assay_trainer.attempts import failures
from assay_trainer.attempts.failures import message_of
from assay_trainer.contract import (
    MESSAGE_CHARACTERS,
    TERMINATION_MESSAGE_BYTES,
    Failure,
    FailureReason,
    Fidelity,
    TerminationMessage,
)
from assay_trainer.trial import Trial
from assay_trainer.worker import termination_log

TEXTS = ["σφάλμα 数据集 💥 " + "é" * 5000, "💥" * 100_000, "\n\t " * 50_000]
KEY = "0" * 32


@pytest.mark.parametrize("text", TEXTS, ids=["two bytes each", "four bytes each", "blanks"])
def test_a_record_keeps_the_beginning_of_what_anybody_wrote_into_it(text: str) -> None:
    written = json.dumps({"version": 1, "key": KEY, "attempt": 1, "reason": "TrainFunctionRaised", "message": text})
    for record in (
        Failure.model_validate_json(written),
        Failure(key=KEY, attempt=1, reason=FailureReason.TRAIN_FUNCTION_RAISED, message=text),
    ):
        assert len(record.message) == MESSAGE_CHARACTERS
        assert record.message[:-1] == text[: MESSAGE_CHARACTERS - 1]
    assert len(message_of(ValueError(text), FailureReason.TRAIN_FUNCTION_RAISED)) <= MESSAGE_CHARACTERS


@pytest.mark.parametrize("text", TEXTS, ids=["two bytes each", "four bytes each", "blanks"])
@pytest.mark.parametrize("items", [1, 7, 64])
def test_last_words_are_whole_json_in_what_kubernetes_keeps_of_them(text: str, items: int) -> None:
    said = TerminationMessage(key=KEY, reason=FailureReason.TRAIN_FUNCTION_RAISED, message=text)
    written = termination_log([said] * items)
    assert len(written) <= TERMINATION_MESSAGE_BYTES
    found = json.loads(written)
    assert found
    assert all(text.startswith(each["message"].rstrip("…")) for each in found)


def test_of_an_error_within_a_trials_methods_the_line_of_the_team_is_shown() -> None:
    no_data = partial(pytest.fail, "it is not asked for")
    trial = Trial(recipe={}, fidelity=Fidelity(), seed=0, classes=(), training_data=no_data, held_out=no_data)
    with pytest.raises(TypeError) as raised:
        trial.report(1, loss="low")  # type: ignore[arg-type]

    said = message_of(raised.value, FailureReason.TRAIN_FUNCTION_RAISED)

    assert f"{Path(__file__).name}:" in said
    assert "trial.py" not in said


def test_the_files_that_call_a_train_function_are_where_they_are_said_to_be() -> None:
    missing = [path for path in failures._OURS if path.startswith(str(failures._HERE)) and not Path(path).exists()]
    assert missing == []

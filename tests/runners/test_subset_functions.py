"""A subset function where pods run it: a worker that gets the request alone, and imports the function itself."""

from __future__ import annotations

from pathlib import Path

from assay_trainer import contract
from assay_trainer.contract import ExitStatus, Fidelity, PreparationRequest, PreparationResult, TrialResult
from builders.datasets import tiny_dataset
from builders.requests import a_trial
from builders.worker import Pod


def a_preparation(dataset: contract.Dataset, entrypoint: str) -> PreparationRequest:
    request = PreparationRequest(
        key="0" * 32,
        study="study",
        arm="scored",
        method="Custom",
        entrypoint=entrypoint,
        code=contract.digest(b"an image"),
        recipe={},
        fidelity=Fidelity(data_percent=25, subset="Custom", subset_entrypoint=entrypoint),
        repeats=1,
        dataset=dataset,
        deadline_seconds=60,
    )
    return request.model_copy(update={"key": contract.request_preparation(request)})


def test_a_worker_scores_and_then_trains_on_what_was_chosen(tmp_path: Path) -> None:
    pod, dataset = Pod(tmp_path), tiny_dataset(tmp_path / "data")
    preparation = a_preparation(dataset, "team.subsets:dark")
    trial = a_trial(dataset, "team.subsets:count", fidelity=preparation.fidelity)
    trial = trial.model_copy(update={"preparation": preparation.key})
    trial = trial.model_copy(update={"key": contract.trial_key(contract.request_condition(trial), trial.seed)})
    assert pod.run(preparation, trial) == ExitStatus.DONE
    prepared = PreparationResult.model_validate_json(pod.store.get(contract.preparation_name(preparation.key)))
    assert (prepared.method, prepared.examples) == ("Custom", 48)
    result = TrialResult.model_validate_json(pod.store.get(contract.result_name(trial.key)))
    assert result.metrics["examples"] == 12


def test_of_several_devices_one_process_scores(tmp_path: Path) -> None:
    pod, dataset = Pod(tmp_path), tiny_dataset(tmp_path / "data")
    preparation = a_preparation(dataset, "team.subsets:once").model_copy(
        update={"devices": 2, "recipe": {"folder": str(tmp_path)}}
    )
    preparation = preparation.model_copy(update={"key": contract.request_preparation(preparation)})
    assert pod.run(preparation) == ExitStatus.DONE
    assert (tmp_path / "scored").read_text() == "once, RANK is None"

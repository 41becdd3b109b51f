"""Our own train function on two devices, which are processes on the CPU here (gloo)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from assay_trainer.contract import ExitStatus, Fidelity, TrialResult, result_name
from builders.datasets import tiny_dataset
from builders.requests import a_trial
from builders.worker import Pod

HERE = Path(__file__).parent


def test_two_ranks_train_as_one_process_that_accumulates_the_gradients_of_both_parts(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, str(HERE / "data_parallel.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["far"] < 1e-5
    assert found["off"] < 1e-5
    assert found["apart"] == 0
    assert found["same"]
    assert found["points"] > 0


def test_a_worker_trains_it_on_two_devices_and_no_batch_is_smaller_than_there_are_ranks(tmp_path: Path) -> None:
    pod, dataset = Pod(tmp_path), tiny_dataset(tmp_path / "data")
    recipe = {"width": 4, "depth": 1}
    items = [
        a_trial(dataset, "assay_trainer.vision:train", devices=2, recipe={**recipe, "batchSize": size})
        for size in (8, 1)
    ]
    assert pod.run(*items, options=["--preload", "torch", "assay_trainer.vision"]) == ExitStatus.FAILED
    assert [said.reason for said in pod.last_words] == ["Succeeded", "InvalidRecipe"]
    assert "batchSize: given 1; allowed: 2 or more, one for each of the devices" in pod.last_words[1].message
    result = TrialResult.model_validate_json(pod.store.get(result_name(items[0].key)))
    assert result.cost.devices == 2


def test_ranks_that_are_told_to_end_do_so_together_and_go_on_to_the_same_bits(tmp_path: Path) -> None:
    pod, dataset = Pod(tmp_path), tiny_dataset(tmp_path / "data")
    whole, *interrupted = (
        a_trial(
            dataset,
            "team.ranks:trains_and_is_told_to_end",
            devices=2,
            recipe={"end_at": end_at},
            fidelity=Fidelity(epochs=3),
            attempt=attempt,
        )
        for end_at, attempt in ((0, 1), (10, 1), (10, 2))
    )

    pod.run(whole, *interrupted, options=["--preload", "torch", "assay_trainer.vision"])

    assert [said.reason for said in pod.last_words] == ["Succeeded", "Disrupted", "Succeeded"]
    want, found = (
        TrialResult.model_validate_json(pod.store.get(result_name(item.key))) for item in (whole, interrupted[1])
    )
    calls, calls_left = want.metrics.pop("calls"), found.metrics.pop("calls")
    assert (want.metrics.pop("restored"), found.metrics.pop("restored")) == (0, 1)
    assert found.metrics == want.metrics
    assert [point.metrics for point in found.curve] == [point.metrics for point in want.curve]
    assert calls - 12 < calls_left <= calls - 10
    assert found.cost.resumed_seconds > 0
    assert found.notes == ()
    assert pod.store.list("checkpoints/") == []
    assert pod.store.list("attempts/") == []  # whoever stopped them writes that down

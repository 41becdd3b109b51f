from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay_trainer.shards import build_shards
from builders.command_line import assay

STUDY = """
apiVersion: assay.dev/v1alpha1
kind: ProxyStudy
metadata: {{name: animals}}
spec:
  hypotheses: {{baseline: h0}}
  dataset: {{manifest: {manifest}}}
  trainer: {{entrypoint: assay_trainer.vision:train}}
  metric: {{name: accuracy}}
  reference: {{epochs: 4}}
  proxies: [{{name: tiny, dataPercent: 10}}]
---
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {{name: h0}}
spec: {{statement: The baseline.}}
---
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {{name: h1}}
spec:
  statement: Other data help.
  dataset: {{manifest: {other}}}
"""


def a_data_set(folder: Path, counts: dict[str, int]) -> Path:
    """Write blank images, so many of each class, a tenth of them held out, or one; return the manifest."""
    folder.mkdir()
    labels = np.repeat(list(counts), list(counts.values()))
    np.savez(folder / "blank.npz", x=np.zeros((len(labels), 8, 8), np.uint8), y=labels)
    build_shards(folder / "blank.npz", str(folder / "shards"), name=folder.name, held_out_percent=10)
    return folder / "shards" / "manifest.json"


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_classes_that_a_small_subset_may_leave_out_are_named_by(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = a_data_set(tmp_path / "study", {"cat": 100, "dog": 100, "owl": 4})
    other = a_data_set(tmp_path / "own", {"cat": 100, "dog": 100, "owl": 3})
    Path("study.yaml").write_text(STUDY.format(manifest=manifest, other=other))
    ended = assay(command, "-f", "study.yaml")
    assert ended.code == 0
    said = [line for line in ended.errors.splitlines() if line.startswith("Warning: ")]
    assert len(said) == 2, ended.errors
    assert said[0].startswith("Warning: ProxyStudy/animals: spec.proxies[0]: tiny has 10 %")
    assert 'may hold none of them: "owl" (3); from' in said[0]
    assert said[1].startswith("Warning: Hypothesis/h1: spec.proxies[0]: tiny has 10 %")
    assert 'may hold none of them: "owl" (2); from' in said[1]

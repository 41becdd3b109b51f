"""A study is run from where people give commands, with code where people keep it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders.toy_project import STUDY, WITHOUT_PRELOADING, a_project, of_quality, results, write_manifests


def said(folder: Path, *arguments: str, standard_input: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and return what it printed."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "assay.cli", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "160"},
        input=standard_input,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with its manifests in a folder and its code in a package under src."""
    project = a_project(tmp_path / "project", hypotheses=2)
    (project / "studies").mkdir()
    (project / "pyproject.toml").write_text("")
    package = project / "src" / "walnut"
    package.mkdir(parents=True)
    shutil.move(project / "toy_team.py", package / "training.py")
    (package / "__init__.py").write_text("")
    (project / "study.yaml").unlink()
    text = STUDY.replace("toy_team:train", "walnut.training:train").replace("shards/", "../shards/")
    write_manifests(project / "studies", text, of_quality(0))
    (project / "studies" / "more.yaml").write_text(of_quality(1))
    return project


def test_a_package_under_src_runs_with_the_manifests_of_several_options(project: Path) -> None:
    done = said(
        project, "run", "-o", "json", *WITHOUT_PRELOADING, "-f", "studies/study.yaml", "-f", "studies/more.yaml"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"]["succeeded"] == 8
    known = set(results(project))
    elsewhere = said(project / "studies", "plan", "-f", "study.yaml,more.yaml", "--store", "../.assay/store")
    assert "Nothing is open" in elsewhere.stdout, "where code lies does not matter to what its results are kept by"
    assert set(results(project)) == known


def test_a_package_that_is_nowhere_is_said_with_where_it_was_looked_for(project: Path) -> None:
    (project / "src" / "walnut").rename(project / "src" / "wallnut")
    refused = said(project, "plan", "-f", "studies")
    assert refused.returncode == 2
    assert "No module named 'walnut'" in refused.stderr
    looked = refused.stderr.split("looked in ")[1]
    assert all(f"{place}, " in looked for place in (project / "studies", project, project / "src"))
    assert "Traceback" not in refused.stderr


def test_manifests_from_standard_input_count_beside_files(project: Path) -> None:
    piped = said(project, "validate", "-f", "studies/*.yaml", "-f", "-", standard_input=of_quality(2))
    assert (piped.returncode, piped.stdout) == (0, "ProxyStudy/toy: valid, 3 hypotheses, 1 proxy\n"), piped.stderr
    twice = said(project, "validate", "-f", "studies", "-f", "-", standard_input=of_quality(1))
    assert twice.returncode == 2
    assert '<standard input>:4 (Hypothesis/h1): metadata.name: given "h1", as in studies/more.yaml:2' in twice.stderr

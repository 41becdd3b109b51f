"""Whoever sits at a terminal and uses the cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cluster.installation import Installation
from cluster.tools import kubectl

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Person:
    """Has kubectl and Assay's programs on the path, and a kubeconfig whose context is the team's namespace."""

    installation: Installation
    namespace: str
    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        shutil.copy(self.installation.cluster.kubeconfig, self.folder / "kubeconfig")
        self("kubectl", "config", "set-context", "--current", f"--namespace={self.namespace}")

    def __call__(self, *words: str | Path, want_exit: int = 0) -> str:
        """Run a command in the repository's root and return what it printed."""
        programs = [str(kubectl().parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ASSAY_"))},
            **self.installation.environment,
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "PATH": os.pathsep.join(programs),
        }
        done = subprocess.run(list(map(str, words)), cwd=ROOT, env=environment, capture_output=True, text=True)
        said = f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert done.returncode == want_exit, said
        return done.stdout

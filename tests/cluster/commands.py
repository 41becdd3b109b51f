"""kubectl and Helm against one cluster."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


class CommandFailed(Exception):
    """The program ended with an error; the message has what it said."""


@dataclass(frozen=True)
class Command:
    """A program that is led to a cluster by `--kubeconfig`."""

    program: Path
    kubeconfig: Path

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What it prints. Raises `CommandFailed`."""
        command = [self.program, f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if done.returncode != 0:
            said = " ".join(map(str, [self.program.name, *arguments]))
            raise CommandFailed(f"{said}: {done.stderr.strip()}")
        return done.stdout

    def attempt(self, *arguments: str | Path) -> str:
        """What it prints, or nothing where it fails: for a cluster that is still coming up."""
        try:
            return self(*arguments)
        except CommandFailed:
            return ""

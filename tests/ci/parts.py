"""The parts of a CI run: commands whose output is kept, several at once, and what is said of them at the end."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cluster.progress import followed

_CLOSING = re.compile(r"\d+ (passed|failed|error|skipped|deselected|warning).* in [\d.]+s.*")


@dataclass(frozen=True)
class Part:
    """A command, run in a folder. In the background it has what the others leave of the processors."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    in_background: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a part ended, after how many seconds, and all that it wrote."""

    part: Part
    code: int
    seconds: float
    output: str

    def __str__(self) -> str:
        """Its line of the summary."""
        said = "passed" if self.code == 0 else f"FAILED (exit code {self.code})"
        return f"{said:8} {self.seconds / 60:5.1f} min  {self.part.name}: {_closing_line(self.output)}"


def run(part: Part, screen: TextIO) -> Outcome:
    """Run one part to its end. What it writes is on the screen at once, unless it is in the background."""
    begun = time.monotonic()
    command = ["nice", *part.command] if part.in_background else part.command
    lines: list[str] = []

    def seen(line: str) -> None:
        lines.append(f"{line}\n")
        if not part.in_background:
            screen.write(lines[-1])
            screen.flush()

    ended = followed(command, seen, folder=part.folder)
    return Outcome(part, ended.code, time.monotonic() - begun, "".join(lines))


def run_lanes(*lanes: Sequence[Part], screen: TextIO = sys.stdout) -> list[Outcome]:
    """Run lanes at the same time, and of each lane one part after the other, whether or not those before failed."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        ended = pool.map(lambda lane: [run(part, screen) for part in lane], lanes)
        return [outcome for lane in ended for outcome in lane]


def summary(outcomes: Sequence[Outcome]) -> str:
    """All that failed parts wrote in the background, the closing lines of the others, then a line for each part.

    The failed ones are last, with the tests that failed.
    """
    background = [outcome for outcome in outcomes if outcome.part.in_background]
    failed = [outcome for outcome in outcomes if outcome.code != 0]
    paragraphs = [
        f"===== {outcome.part.name} =====\n{outcome.output if outcome.code else _closing_lines(outcome.output)}"
        for outcome in sorted(background, key=lambda outcome: outcome.code != 0)
    ]
    lines = [str(outcome) for outcome in outcomes if outcome.code == 0]
    for outcome in failed:
        lines += [str(outcome), *(f"    {line}" for line in _failures(outcome.output))]
    return "\n".join([*paragraphs, "===== CI =====", *lines, "CI failed." if failed else "CI passed.", ""])


def _closing_lines(output: str) -> str:
    return "".join(f"{line}\n" for line in output.splitlines()[-3:])


def _closing_line(output: str) -> str:
    """Return the closing line of each run of pytest, or else the last line that is not make's own."""
    lines = [line.strip("= ") for line in output.splitlines() if line.strip() and not line.startswith("make")]
    of_pytest = [line for line in lines if _CLOSING.fullmatch(line)]
    return "; ".join(of_pytest or lines[-1:]) or "it wrote nothing"


def _failures(output: str) -> list[str]:
    found = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR ", "SKIPPED "))]
    return found[:40]

"""How much CPU time the program takes before it does anything, as a ratio to a bare interpreter.

    python benchmarks/program_start.py

Timed are whole processes, in user and system seconds as the kernel counts them: `assay --version`, `assay --help` and
`assay run --help`; the yardstick is `python -c pass`. Each runs ten times, in turn; shown are the median, the range,
and the ratio of the medians. It takes about a quarter of a minute.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

RUNS = 10

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "assay --version": [sys.executable, "-m", "assay.cli", "--version"],
    "assay --help": [sys.executable, "-m", "assay.cli", "--help"],
    "assay run --help": [sys.executable, "-m", "assay.cli", "run", "--help"],
}


def cpu_seconds(command: list[str]) -> float:
    """Return the CPU seconds of one run and of all processes that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    for command in COMMANDS.values():
        cpu_seconds(command)  # compiles what it imports
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            seconds[name].append(cpu_seconds(command))
    bare = statistics.median(seconds["python -c pass"])
    print(f"{'':18}{'CPU s':>7}  {'range':>13}  {'ratio':>6}    n = {RUNS}")
    for name, every in seconds.items():
        middle = statistics.median(every)
        print(f"{name:18}{middle:7.3f}  {min(every):5.3f} – {max(every):5.3f}  {middle / bare:5.1f}x")


if __name__ == "__main__":
    main()

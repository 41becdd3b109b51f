"""What a study of many hypotheses takes: memory and time of the round that judges it, as ratios.

    python benchmarks/large_studies.py 500 1000 2000

Each number of hypotheses has a process of its own. Measured are the peak memory of the round, beyond the memory before
it, and its CPU seconds; the yardstick is the first number's round. Each hypothesis has two seeds on the reference and
on one proxy; "further seeds allowed" is six, so that every pair is looked at again. It takes about half a minute.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROUND = """
import random, sys, time
from pathlib import Path
from assay.controller.freed_memory import give_back_freed_memory
from assay.planning.plan import plan
from builders import manifests
from builders.studies import a_study, records_of_scores

def most():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])

give_back_freed_memory()
hypotheses, maximum = int(sys.argv[1]), int(sys.argv[2])
study = a_study(hypotheses=hypotheses, proxies=(manifests.a_proxy(),), seeds=2, maximum=maximum)
draw = random.Random(1)
effects = {each.name: draw.gauss(0, 0.01) for each in study.hypotheses}
score = lambda trial: 0.8 + effects[trial.hypothesis] + draw.gauss(0, 0.005) if trial.seed < 2 else None
records = records_of_scores(study, score)
before, started = most(), time.process_time()
plan(study, records, 1e6)
print(most() - before, time.process_time() - started)
"""
TESTS = Path(__file__).parents[1] / "tests"


def measured(hypotheses: int, maximum: int) -> tuple[float, float]:
    """Return the KiB and the CPU seconds that a round takes."""
    command = [sys.executable, "-c", _ROUND, str(hypotheses), str(maximum)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(TESTS)}).stdout
    kilobytes, seconds = map(float, printed.split())
    return kilobytes, seconds


def main() -> None:
    """Print the table."""
    counts = [int(word) for word in sys.argv[1:]] or [500, 1000, 2000]
    for what, maximum in (("two seeds each", 2), ("further seeds allowed", 6)):
        first = measured(counts[0], maximum)
        for count in counts[1:]:
            memory, seconds = (now / before for now, before in zip(measured(count, maximum), first, strict=True))
            times = f"{count / counts[0]:.3g} times the hypotheses"
            print(f"{what}: {times}: {memory:.3g} times the memory, {seconds:.3g} times the CPU seconds")


if __name__ == "__main__":
    main()

"""How studies end whose operator is killed again and again. `python benchmarks/operator_chaos.py [--kills N]`

The operator is killed (SIGKILL) at random moments while three studies run (a hypothesis in several of them, Jobs of one
trial and of three). Meanwhile Jobs and pods are deleted, pods evicted, the API server and the S3 server stopped and
started, and requests to S3 refused. Pods are played by kwok and a player; the API server, its controllers and S3 are
real. What etcd stored is checked: no attempt starts while another attempt of the trial lives, or after its result is
there. The yardstick is the outcome (keys, scores, ranks, verdicts, conditions, costs) of the same studies left alone.

200 kills take about 25 minutes. The exit status is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from controller.chaos.run import Chaos, disturbed_round, undisturbed
from controller.playground import playground

KILLS_PER_ROUND = 20
PLAYER = ("--seconds=2", "--failing=60", "--dying=60", "--late=60")


def main() -> int:
    """Run rounds until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="of what happens and when; default: another each time")
    parser.add_argument("--operators", type=int, default=1, choices=(1, 2), help="that run at the same time")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    began, chaos = time.monotonic(), Chaos()
    with tempfile.TemporaryDirectory(prefix="assay-chaos-") as folder, playground(Path(folder)) as pg:
        os.environ.update(pg.s3.environment)
        pg.start_player(*PLAYER)
        calm = undisturbed(pg, chaos)
        while chaos.kills < given.kills:
            kills = min(KILLS_PER_ROUND, given.kills - chaos.kills)
            disturbed_round(pg, chaos, calm, kills=kills, seed=seed + chaos.rounds, operators=given.operators, say=said)
    print(f"\n{'kills of the operator':44s} {chaos.kills:6d}")
    for what, count in sorted(chaos.done.items()):
        print(f"{what:44s} {count:6d}")
    print(f"{'rounds of three studies':44s} {chaos.rounds:6d}")
    print(f"{'Jobs':44s} {chaos.jobs:6d}")
    print(f"{'attempts beyond the first':44s} {chaos.attempts_beyond_first:6d}")
    print(f"{'results compared':44s} {chaos.results:6d}")
    print(f"{'minutes':44s} {(time.monotonic() - began) / 60:6.1f}")
    print(f"{'violations':44s} {len(chaos.wrong):6d}   (limit: 0; seed {seed})")
    return 1 if chaos.wrong else 0


def said(line: str) -> None:
    """Print at once, since a run takes long."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

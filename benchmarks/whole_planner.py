"""Whether a study's statements hold when the planner decides what runs. `python benchmarks/whole_planner.py [--fast]`

It takes well over half an hour on one core, with --fast some minutes.


Studies are simulated from the first trial to the last by the planner itself: all hypotheses at 3 seeds on all arms, up
to four looks at three proxies, dropped where they can't become trusted, and up to 10 seeds where the question is open.
Each row is a kind of study; true scores are normal, noise is that of one seed relative to their spread. Columns:

    false trust    studies in which a proxy is trusted whose true tau is the threshold, .8 (should be at most .05)
    power          studies in which a proxy of true tau .9 is trusted, of three
    wrong verdict  studies with any wrong verdict: Better or Worse of the wrong sign, or Equivalent of a difference that
                   is not within smallestEffect, .3 of the spread (should be at most .05)
    decided        hypotheses with a verdict
    trials         reference trials, over those of 10 seeds for every hypothesis

Then for studies that screen: 20 hypotheses are added after a proxy of true tau .9 was trusted.

    false revocation  studies in which audits revoke it though the new ones are like the others (at most .05)
    in full           added hypotheses that run on the reference
    best of 3         studies in which one of the 3 promoted is within .3 of the best of the added
    drift revoked     studies in which it is revoked where the proxy orders the new ones at random (the more the better)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.api.resources import Hypothesis, ProxyArm, ProxyStudyStatus, Question, Screening, TrustDecision
from assay.planning.actions import RecordTrust, Start
from assay.planning.judgement import judge
from assay.planning.plan import plan
from assay.planning.records.records import WorkRecord
from assay.planning.records.trust_records import TrustRecord, record_name, trust_records
from assay.planning.study.history import History
from assay.planning.study.programs import program_of
from assay.planning.study.study import Study
from assay.planning.trust.screening import Role
from assay.ranking.memory import Memory
from assay.ranking.orders.tau import correlation_of
from assay.rounds.reconcile import ANSWERS_OF_A_STUDY
from assay_trainer.contract import TrialRequest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.manifests import a_hypothesis
from builders.studies import CODE, a_result, a_study

PROXIES = tuple(ProxyArm(name=f"short{epochs}", epochs=epochs) for epochs in (1, 2, 3))
THRESHOLD, MARGIN, INITIAL, MAXIMUM, ADDED, PROMOTE = 0.8, 0.3, 3, 10, 20, 3


class Truth:
    """True scores by arm and hypothesis, and the noise that a trial adds to them."""

    def __init__(self, generator: np.random.Generator, noise: float, tau: float) -> None:
        self.scores: dict[str, dict[str, float]] = {"reference": {}, **{proxy.name: {} for proxy in PROXIES}}
        self._generator, self._noise, self._tau = generator, noise, tau

    def draw(self, names: Iterable[str], tau: float | None = None) -> None:
        """Draw true scores of more hypotheses; the proxies' have this tau with the reference's."""
        correlation = float(correlation_of(self._tau if tau is None else tau))
        for name in names:
            true = self._generator.standard_normal()
            self.scores["reference"][name] = true
            for proxy in PROXIES:
                other = self._generator.standard_normal()
                self.scores[proxy.name][name] = correlation * true + np.sqrt(1 - correlation**2) * other

    def observed(self, item: TrialRequest) -> float:
        """Return the score of a trial."""
        return float(self.scores[item.arm][item.hypothesis] + self._noise * self._generator.standard_normal())


class Ended(NamedTuple):
    """A study that has run: its last status, its records, and the trials that ran."""

    study: Study
    status: ProxyStudyStatus
    records: dict[str, WorkRecord]
    written: dict[str, TrustRecord]


def run(study: Study, truth: Truth, records: Mapping[str, WorkRecord], written: Mapping[str, TrustRecord]) -> Ended:
    """Plan until the end; all that a plan starts has ended before the next one."""
    known, kept = dict(records), dict(written)
    trials = {trial.key: trial for trial in study.design.trials}
    memory = Memory(ANSWERS_OF_A_STUDY)
    while True:
        study = replace(study, history=History(0.0, trust_records=trust_records(kept.values())))
        decided = plan(study, known, 1.0, memory=memory)
        for action in decided.actions:
            match action:
                case Start(item) if isinstance(item, TrialRequest):
                    known[item.key] = WorkRecord(result=a_result(study, trials[item.key], truth.observed(item)))
                case RecordTrust(record):
                    kept.setdefault(record_name(record), record)
        if decided.finished:
            return Ended(study, decided.status, known, kept)


def some_hypotheses(count: int, prefix: str) -> Sequence[Hypothesis]:
    """Return this many hypotheses, all different."""
    return [a_hypothesis(f"{prefix}{number:03d}", recipe={"x": f"{prefix}{number}"}) for number in range(count)]


def a_simulated_study(count: int, screening: Screening | None = None) -> Study:
    """Return a study of a baseline, `count` - 1 other hypotheses, and three proxies."""
    hypotheses = [a_hypothesis("baseline", recipe={"x": -1}), *some_hypotheses(count - 1, "h")]
    return a_study(
        hypotheses=hypotheses,
        proxies=PROXIES,
        seeds=INITIAL,
        maximum=MAXIMUM,
        threshold=str(THRESHOLD),
        smallest_effect=str(MARGIN),
        question=Question.BEAT_BASELINE,
        capacity=None,
        screening=screening,
    )


def wrong_verdict(status: ProxyStudyStatus, truth: Truth) -> bool:
    """Return whether any verdict is wrong."""
    true = truth.scores["reference"]
    for row in status.ranking:
        difference = true[row.name] - true["baseline"]
        wrong = {"Better": difference <= 0, "Worse": difference >= 0, "Equivalent": abs(difference) > MARGIN}
        if wrong.get(row.verdict.value, False):
            return True
    return False


def trusts(status: ProxyStudyStatus) -> bool:
    """Return whether any proxy is trusted."""
    return any(arm.decision is TrustDecision.TRUSTED for arm in status.arms)


def share(values: Sequence[float]) -> str:
    """Return the mean and its standard error."""
    mean = float(np.mean(values)) if values else float("nan")
    return f"{mean:.3f} ± {float(np.std(values)) / max(len(values), 1) ** 0.5:.3f}"


def sequential_rows(studies: int) -> None:
    """Print one row for each kind of study."""
    print(
        f"{'K':>3} {'noise':>5}  {'false trust':>14} {'power':>14} {'wrong verdict':>14} {'decided':>14} {'trials':>14}"
    )
    for count in (12, 36):
        for noise in (0.2, 0.5):
            false_trust, power, wrong, decided, trials = (list[float]() for _ in range(5))
            for number in range(studies):
                for tau, said in ((THRESHOLD, false_trust), (0.9, power)):
                    truth = Truth(np.random.default_rng([count, int(10 * noise), number, int(10 * tau)]), noise, tau)
                    study = a_simulated_study(count)
                    truth.draw(hypothesis.name for hypothesis in study.hypotheses)
                    ended = run(study, truth, {}, {})
                    said.append(float(trusts(ended.status)))
                    wrong.append(float(wrong_verdict(ended.status, truth)))
                    rows = [row for row in ended.status.ranking if row.name != "baseline"]
                    decided.append(float(np.mean([row.verdict.value != "Inconclusive" for row in rows])))
                    trials.append(ended.status.arms[0].trials.succeeded / (count * MAXIMUM))
            columns = " ".join(f"{share(each):>14}" for each in (false_trust, power, wrong, decided, trials))
            print(f"{count:>3} {noise:>5}  {columns}", flush=True)


def screening_rows(studies: int) -> None:
    """Print one row for each noise."""
    print(f"{'noise':>5}  {'false revocation':>16} {'in full':>14} {'best of 3':>14} {'drift revoked':>14}  (studies)")
    for noise in (0.2, 0.5):
        revoked, in_full, best, drift = (list[float]() for _ in range(4))
        for number in range(studies):
            truth = Truth(np.random.default_rng([int(10 * noise), number]), noise, 0.9)
            first = a_simulated_study(36, Screening(promote=PROMOTE, audit_percent=10))
            truth.draw(hypothesis.name for hypothesis in first.hypotheses)
            ended = run(first, truth, {}, {})
            if not trusts(ended.status):
                continue
            like, unlike = (screened(ended, truth, prefix, tau) for prefix, tau in (("l", 0.9), ("u", 0.0)))
            revoked.append(float(is_revoked(like)))
            drift.append(float(is_revoked(unlike)))
            if not is_revoked(like):
                full, good = promoted(like, truth)
                in_full.append(full)
                best.append(good)
        columns = " ".join(f"{share(each):>14}" for each in (in_full, best, drift))
        print(f"{noise:>5}  {share(revoked):>16} {columns}  ({len(revoked)})", flush=True)


def screened(ended: Ended, truth: Truth, prefix: str, tau: float) -> Ended:
    """Return the study with more hypotheses."""
    added = some_hypotheses(ADDED, prefix)
    truth.draw((hypothesis.name for hypothesis in added), tau)
    hypotheses = (*ended.study.hypotheses, *added)
    code = {**ended.study.definition.code, **{program_of(ended.study.spec, each): CODE for each in hypotheses}}
    study = Study.of(replace(ended.study.definition, hypotheses=hypotheses, code=code))
    return run(study, truth, ended.records, ended.written)


def is_revoked(ended: Ended) -> bool:
    """Return whether audits revoked the certificate."""
    return any(record.kind == "Revocation" for record in ended.written.values())


def promoted(ended: Ended, truth: Truth) -> tuple[float, float]:
    """Return the share of the added hypotheses that run in full, and whether one of the promoted is within the margin
    of the best of them."""
    roles = judge(ended.study, ended.records).screened.roles
    added = [name for name, role in roles.items() if role is not Role.CALIBRATION]
    true = truth.scores["reference"]
    best = max(true[name] for name in added)
    chosen = [true[name] for name in added if roles[name] is Role.PROMOTED]
    full = float(np.mean([roles[name] is not Role.SCREENED for name in added]))
    return full, float(bool(chosen) and max(chosen) >= best - MARGIN)


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="a tenth of the studies")
    parser.add_argument("--studies", type=int, default=400, help="per row; default 400")
    given = parser.parse_args()
    studies = max(1, given.studies // 10) if given.fast else given.studies
    sections: Sequence[Callable[[int], None]] = (sequential_rows, screening_rows)
    for section in sections:
        began = time.perf_counter()
        print(f"{studies} studies a row, each with its own truth; standard errors beside the figures.")
        section(studies)
        print(f"({time.perf_counter() - began:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

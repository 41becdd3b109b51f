"""Studies whose results come from a simulated truth: normal true scores, seed noise, proxies that blur the truth."""

from __future__ import annotations

import math

import numpy as np

from assay.api.resources import REFERENCE, Goal, Hypothesis, ProxyArm, Subset
from assay.planning.records.records import Records
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay_trainer.contract import CurvePoint, Profile
from builders.manifests import a_hypothesis
from builders.studies import a_profile, a_study, records_of_scores

PROXIES = (
    ProxyArm(name="quarter", data_percent=25, subset=Subset.RANDOM),
    ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N),
    ProxyArm(name="short", epochs=3),
    ProxyArm(name="small", image_size=14, batch_size=128),
)
"""Four proxies of the kinds that there are."""

_COST = {REFERENCE: 4.2, "quarter": 1.25, "coreset": 1.3, "short": 1.4, "small": 0.9}
_BLUR = {REFERENCE: 0.0, "quarter": 0.5, "coreset": 1.1, "short": 0.15, "small": 0.1}
_IDEAS = (
    ("label-smoothing", "Label smoothing of 0.1 raises accuracy at no cost."),
    ("cutout", "Cutting a random square out of each image regularises better than weight decay does."),
    ("muon", "Muon reaches a higher accuracy than SGD with Nesterov momentum in the same number of epochs."),
    ("adamw", "AdamW is as good as SGD."),
    ("wide", "A network twice as wide is worth its cost."),
    ("no-weight-decay", "Weight decay does not matter in runs this short."),
    ("flip", "Flipping digits left to right hurts: a mirrored 2 is no 2."),
    ("low-learning-rate", "A learning rate a tenth of the baseline's is too low."),
    ("cosine", "A cosine schedule is as good as one cycle."),
    ("constant-learning-rate", "A constant learning rate is worse than one cycle."),
)


def hypotheses(count: int) -> tuple[Hypothesis, ...]:
    """Return the baseline and others, with statements that people would write."""
    found = [a_hypothesis("baseline", statement="The recipe that the team uses today.")]
    for index in range(1, count):
        name, statement = _IDEAS[(index - 1) % len(_IDEAS)]
        round_ = (index - 1) // len(_IDEAS)
        suffix = f"-{round_ + 1}" if round_ else ""
        found.append(a_hypothesis(f"{name}{suffix}", statement=statement, recipe={"x": index}))
    return tuple(found)


def simulated_study(
    *,
    count: int = 16,
    seeds: int = 3,
    proxies: tuple[ProxyArm, ...] = PROXIES,
    goal: Goal = Goal.MAXIMIZE,
    spread: float = 0.012,
    noise: float = 0.003,
    seed: int = 7,
    epochs: int = 10,
    until: int | None = None,
    **study_fields: object,
) -> tuple[Study, Records]:
    """Return a study and the records of its first `until` trials (None: all)."""
    study = a_study(
        hypotheses=hypotheses(count),
        proxies=proxies,
        seeds=seeds,
        epochs=epochs,
        goal=goal,
        smallest_effect="0.002",
        **study_fields,  # type: ignore[arg-type]
    )
    random = np.random.default_rng(seed)
    truth = {hypothesis.name: random.normal(0, spread) for hypothesis in study.hypotheses}
    blurred = {
        (name, arm): value + random.normal(0, spread * _BLUR.get(arm, 0.6))
        for name, value in truth.items()
        for arm in study.design.arms
    }
    level = {arm: 0.955 - 0.02 * (arm != REFERENCE) for arm in study.design.arms}
    scores: dict[tuple[str, str, int], float] = {}
    for trial in study.design.trials[:until]:
        score = level[trial.arm] + blurred[trial.hypothesis, trial.arm] + random.normal(0, noise)
        scores[trial.hypothesis, trial.arm, trial.seed] = score if goal is Goal.MAXIMIZE else 1 - score

    def seconds(trial: PlannedTrial) -> float:
        slower = 2.1 if trial.hypothesis.startswith("wide") else 1.0
        return _COST.get(trial.arm, 2.0) * slower * float(random.uniform(0.9, 1.1))

    def curve(trial: PlannedTrial, score: float) -> tuple[CurvePoint, ...]:
        last = study.design.fidelities[trial.arm].epochs
        worst = 0.4 if goal is Goal.MAXIMIZE else 0.9
        return tuple(
            CurvePoint(
                epoch=epoch,
                seconds=epoch * 0.4,
                metrics={"accuracy": score + (worst - score) * math.exp(-4 * epoch / last)},
            )
            for epoch in range(1, last + 1)
        )

    def profile(trial: PlannedTrial) -> Profile:
        if trial.arm == "small":
            return a_profile(data_wait=0.22, forward=0.2, backward=0.34)
        return a_profile()

    return study, records_of_scores(study, scores, seconds=seconds, curve=curve, profile=profile)

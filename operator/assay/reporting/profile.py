"""The text that `assay profile` prints: where the time goes, the bottleneck, and what would bring how much."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.api.resources import LeverKind
from assay.ranking.paired_change import Change, mean_change
from assay.reporting.figures import NOTHING, count, interval_text, seconds_text, share, unit_in_words
from assay.reporting.layers import layers_document, layers_table

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.store.traces import Traced
    from assay_trainer.contract import PreparationResult, TrialResult

_ADVICE = {
    "data_wait": ("data wait", "the loop waits for its data: keep decoded data in memory, augment in batches"),
    "copy_to_device": ("copy", "copying to the device: copy uint8, from pinned memory, while the last batch computes"),
    "forward": ("forward", "computing: bf16, channels-last, smaller images, or a smaller network make it cheaper"),
    "backward": ("backward", "computing: bf16, channels-last, smaller images, or a smaller network make it cheaper"),
    "optimizer": ("optimizer", "the optimizer's step: a fused one, or bigger batches, make it cheaper"),
    "evaluation": ("evaluation", "evaluating: evaluate less often, or in bigger batches"),
    "other": ("other", 'in no phase that the train function names: `with trial.timed("forward"): …` names its parts'),
}
"""The phases of a profile: the name of each, and what to do if it is the largest."""

_FEW_RUNS = 5
"""With fewer runs Student's interval is many times as long as the scores differ."""


class Measured(NamedTuple):
    """A variant of the baseline's trial with its runs. In a list of them the first one is the reference."""

    name: str
    kind: LeverKind | None
    results: tuple[TrialResult, ...]

    @property
    def seconds(self) -> float:
        """The accelerator seconds of a run, as a median."""
        return median(result.cost.accelerator_seconds for result in self.results)

    @property
    def samples_per_second(self) -> float | None:
        """Training examples per second of training, as a median; None if not measured."""
        profiles = [result.profile for result in self.results if result.profile]
        return median(profile.samples_per_second for profile in profiles) if profiles else None

    def share(self, phase: str) -> float | None:
        """Return the median share of the loop's time that a phase takes, 0 to 1; None if not measured."""
        profiles = [result.profile for result in self.results if result.profile]
        return median(getattr(profile, phase) for profile in profiles) if profiles else None


def profile_table(
    study: Study,
    measured: list[Measured],
    prepared: Mapping[str, PreparationResult] = MappingProxyType({}),
    traced: Traced | None = None,
) -> RenderableType:
    """Return how fast each variant is and where its time goes, then sentences on the bottleneck and the best levers.

    `prepared` has, by arm, the preparation that ran once for all of its trials; `traced` what a traced run has left.
    """
    title = Text.assemble(("Study ", "bold"), (study.name, "bold"), f": how fast its baseline, {study.baseline}, runs")
    tables: list[RenderableType] = [_speeds(measured), Text(), _phases(measured), Text()]
    if len(measured) > 1:
        tables += [_levers(study, measured), Text()]
    layers = [Text(), *layers_table(traced.layers)] if traced is not None else []
    return Group(title, Text(), *tables, *_sentences(measured, prepared), *layers)


def profile_document(
    study: Study,
    measured: list[Measured],
    prepared: Mapping[str, PreparationResult] = MappingProxyType({}),
    traced: Traced | None = None,
) -> dict[str, Any]:
    """Return the same as JSON: the reference, then what may be faster, the largest speed-up first."""
    reference, cost = measured[0], measured[0].results[0].cost
    return {
        "study": study.name,
        "baseline": study.baseline,
        "metric": study.spec.metric.name,
        "unit": cost.unit,
        "deviceModel": cost.device_model,
        "reference": _run_document(reference),
        "levers": [
            {
                **_run_document(each),
                "kind": each.kind,
                "speedUp": reference.seconds / each.seconds,
                "scoreChange": change._asdict() if (change := change_of(each, reference)) else None,
            }
            for each in by_speed(measured)
        ],
        "preparations": {
            arm: {"method": each.method, "seconds": each.cost.accelerator_seconds} for arm, each in prepared.items()
        },
        **({"layers": layers_document(traced)} if traced is not None else {}),
    }


def _run_document(each: Measured) -> dict[str, Any]:
    return {
        "name": each.name,
        "runs": len(each.results),
        "seconds": each.seconds,
        "samplesPerSecond": each.samples_per_second,
        "shares": {_camel(phase): each.share(phase) for phase in _ADVICE},
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)


def by_speed(measured: list[Measured]) -> list[Measured]:
    """Return all but the reference, the largest speed-up first."""
    return sorted(measured[1:], key=lambda each: each.seconds)


_RISKS = {
    LeverKind.TRAIN_LOOP: "rounding only",
    LeverKind.PROXY: "another run",
}
"""What a lever may do to the order of the hypotheses, as far as the baseline alone can tell."""


def _levers(study: Study, measured: list[Measured]) -> Table:
    """Return a row for each lever, the largest speed-up first."""
    metric = study.spec.metric
    table = _table("lever", "speed-up", f"change of {metric.name}", "95 % interval", "risk to order")
    for each in by_speed(measured):
        change = change_of(each, measured[0])
        table.add_row(
            each.name,
            f"{measured[0].seconds / each.seconds:.2f}x",
            f"{change.mean:+.4f}" if change else NOTHING,
            (interval_text(change.low, change.high, 4, signed=True) if change else "") or NOTHING,
            _RISKS[each.kind] if each.kind else NOTHING,
        )
    return table


def change_of(each: Measured, reference: Measured) -> Change | None:
    """Return how much a variant's score differs from the reference's, over the seeds that both have run."""
    before = {result.seed: result.score for result in reference.results}
    pairs = [result.score - before[result.seed] for result in each.results if result.seed in before]
    return mean_change(np.array(pairs, dtype=float))


def _speeds(measured: list[Measured]) -> Table:
    table = _table("run", "seconds", "speed-up", "samples/s")
    for each in measured:
        rate = each.samples_per_second
        table.add_row(
            each.name,
            seconds_text(each.seconds),
            f"{measured[0].seconds / each.seconds:.2f}x",
            f"{rate:,.0f}" if rate is not None else NOTHING,
        )
    return table


def _phases(measured: list[Measured]) -> Table:
    table = _table("share of the loop", *(name for name, _ in _ADVICE.values()))
    for each in measured:
        table.add_row(each.name, *(share(each.share(phase)) for phase in _ADVICE))
    return table


def _table(first: str, *others: str) -> Table:
    """Return an empty table in which only names are cut, so that all columns fit 80 characters."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="underline")
    table.add_column(first, no_wrap=True, overflow="ellipsis")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    return table


def _sentences(measured: list[Measured], prepared: Mapping[str, PreparationResult]) -> list[str]:
    reference = measured[0]
    cost = reference.results[0].cost
    runs = f"medians of {count(len(reference.results), 'run')}"
    lines = [f"Seconds are {unit_in_words(cost.unit)} of a whole trial on {cost.device_model}, {runs}."]
    shares = {phase: each for phase in _ADVICE if (each := reference.share(phase)) is not None}
    if shares:
        phase = max(shares, key=lambda each: shares[each])
        lines.append(
            f"Bottleneck: {_ADVICE[phase][0]}, {share(shares[phase])} of the loop's time: {_ADVICE[phase][1]}."
        )
        setup = median(result.cost.setup_seconds for result in reference.results) / max(
            1e-9, median(result.cost.wall_seconds for result in reference.results)
        )
        if setup > shares[phase]:
            lines.append(f"Yet {share(setup)} of the trial's time is set-up, before the loop begins.")
    for kind, words in ((LeverKind.TRAIN_LOOP, "train-loop switch"), (LeverKind.PROXY, "proxy")):
        levers = [each for each in measured[1:] if each.kind is kind]
        if levers:
            best = min(levers, key=lambda each: each.seconds)
            gain = reference.seconds / best.seconds
            lines.append(f"Best {words}: {best.name}, {gain:.2f}x" + (" (no gain)." if gain < 1.02 else "."))
    for arm, preparation in prepared.items():
        seconds = seconds_text(preparation.cost.accelerator_seconds)
        lines.append(f"Not in the table: the {preparation.method} scores of {arm}, {seconds}, once for all its trials.")
    if (runs_each := len(reference.results)) < _FEW_RUNS and len(measured) > 1:
        lines.append(f"Intervals are over {count(runs_each, 'seed')}; --repeats {_FEW_RUNS} makes them much shorter.")
    lines.append(
        "A switch keeps the recipe, rounded otherwise, and hardly touches the order; a proxy is another run, and saves "
        "only where the study trusts it."
    )
    return lines

"""What `assay profile` prints: where the time goes, the bottleneck, and what would bring how much."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table

from assay.api.resources import LeverKind

if TYPE_CHECKING:
    from assay.planning.study import Study
    from assay_trainer.contract import TrialResult

PHASES = {
    "data_wait": ("data wait", "the loop waits for its data: keep decoded data in memory, augment in batches"),
    "copy_to_device": ("copy", "copying to the device: copy uint8, from pinned memory, while the last batch computes"),
    "forward": ("forward", "computing: bf16, channels-last, smaller images, or a smaller network make it cheaper"),
    "backward": ("backward", "computing: bf16, channels-last, smaller images, or a smaller network make it cheaper"),
    "optimizer": ("optimizer", "the optimizer's step: a fused one, or bigger batches, make it cheaper"),
    "evaluation": ("evaluation", "evaluating: evaluate less often, or in bigger batches"),
    "other": ("other", "none of the phases that the train function names: time its parts with trial.timed(…)"),
}
"""The phases of a profile: name, and what to do if it is the largest."""


class Measured(NamedTuple):
    """A contestant and its runs; the first of all is the reference."""

    name: str
    kind: LeverKind | None
    results: tuple[TrialResult, ...]

    @property
    def seconds(self) -> float:
        """Accelerator seconds of a run, the median."""
        return median(result.cost.accelerator_seconds for result in self.results)

    def share(self, phase: str) -> float:
        """Median share of the time in a phase, 0 to 1."""
        return median(getattr(result.profile, phase) if result.profile else 0.0 for result in self.results)


def profile_table(study: Study, measured: list[Measured]) -> RenderableType:
    """The contestants with their speed and phases, then the bottleneck and the best levers in sentences."""
    reference = measured[0]
    table = Table("run", title=f"Baseline {study.baseline} of study {study.name}", title_justify="left", box=None)
    for name in ("seconds", "speed-up", "samples/s", *(name for name, _ in PHASES.values())):
        table.add_column(name, justify="right")
    for each in measured:
        profiles = [result.profile for result in each.results if result.profile]
        rate = f"{median(profile.samples_per_second for profile in profiles):.0f}" if profiles else ""
        table.add_row(
            each.name,
            f"{each.seconds:.2f}",
            f"{reference.seconds / each.seconds:.2f}x",
            rate,
            *(f"{each.share(phase):.0%}" for phase in PHASES),
        )
    return Group(table, "", *_sentences(measured))


def _sentences(measured: list[Measured]) -> list[str]:
    reference = measured[0]
    cost = reference.results[0].cost
    phase = max(PHASES, key=reference.share)
    setup = median(result.cost.setup_seconds for result in reference.results) / max(
        1e-9, median(result.cost.wall_seconds for result in reference.results)
    )
    runs = f"medians of {len(reference.results)} run(s)"
    lines = [
        f"Seconds are {cost.unit} seconds of a whole trial on {cost.device_model}, {runs}.",
        f"Bottleneck: {PHASES[phase][0]}, {reference.share(phase):.0%} of the loop's time: {PHASES[phase][1]}.",
    ]
    if setup > reference.share(phase):
        lines.append(f"Yet {setup:.0%} of the trial's time is set-up, before the loop begins.")
    for kind, words in ((LeverKind.TRAIN_LOOP, "train-loop switch"), (LeverKind.PROXY, "proxy")):
        levers = [each for each in measured[1:] if each.kind is kind]
        if levers:
            best = min(levers, key=lambda each: each.seconds)
            gain = reference.seconds / best.seconds
            lines.append(f"Best {words}: {best.name}, {gain:.2f}x" + (" (no gain)." if gain < 1.02 else "."))
    lines.append(
        "A switch keeps the recipe and hardly touches the order; a proxy saves only where the study trusts it."
    )
    return lines

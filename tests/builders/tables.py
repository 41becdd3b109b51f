"""Tables of recorded results, and studies on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.api.resources import HypothesesSelection, Seeds
from assay.recorded.table import RecordedRun, Table
from assay.runners.replay.study import Replayed, replay_study
from assay_trainer.contract import digest
from builders import manifests

SECONDS = {"reference": 8.0, "half": 4.0, "short": 1.0}


def a_table(
    hypotheses: Sequence[str] = ("baseline", "h1", "h2", "h3"),
    arms: Sequence[str] = ("reference", "half", "short"),
    seeds: int = 3,
    *,
    cost: Callable[[str, str, int], float] = lambda hypothesis, arm, seed: SECONDS[arm] + seed,
    score: Callable[[str, str, int], float | None] = lambda hypothesis, arm, seed: len(arm) / 10 + seed / 100,
    runs: Mapping[tuple[str, str, int], RecordedRun | None] | None = None,
    sizes: bool = False,
) -> Table:
    """Return a table of every hypothesis on every arm with every seed; `runs` replaces some, None leaves them out.

    With `sizes`, the arms are the names of sizes.
    """
    every = {
        (hypothesis, arm, seed): RecordedRun(cost(hypothesis, arm, seed), score(hypothesis, arm, seed))
        for hypothesis in hypotheses
        for arm in arms
        for seed in range(seeds)
    }
    kept = {key: cell for key, cell in {**every, **(runs or {})}.items() if cell is not None}
    return Table(kept, digest(b"a table"), {arm: float(arm) for arm in arms} if sizes else {})


def a_replay(table: Table, *, slots: int = 1, **spec: Any) -> Replayed:
    """Return a study on all of a table, in the order of its arms; `spec` are fields of its spec in snake_case."""
    if not table.sizes:
        spec.setdefault(
            "proxies", [manifests.a_proxy(arm, epochs=number) for number, arm in enumerate(_proxies(table), 1)]
        )
    spec.setdefault("hypotheses", HypothesesSelection(baseline=table.hypotheses[0]))
    spec.setdefault("seeds", Seeds(initial=table.seeds))
    return replay_study(manifests.a_proxy_study(**spec), (), table, slots)


def _proxies(table: Table) -> list[str]:
    return [arm for arm in table.arms if arm != "reference"]

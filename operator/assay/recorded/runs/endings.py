"""How runs ended, by what tools call it."""

from __future__ import annotations

import re

import polars as pl

FAILED, UNFINISHED, ENDED = "failed", "unfinished", "ended"

_KINDS = {
    FAILED: "failed fail failure error errored crashed crash oom outofmemory timeout nan diverged",
    # Stopped by somebody, or not at its end: nobody's fault. (MLflow's KILLED and W&B's killed are stops by hand.)
    UNFINISHED: "running pruned killed pending waiting scheduled queued preempted preempting stopped stopping "
    "cancelled canceled unfinished paused started initialized new interrupted aborted",
    ENDED: "finished complete completed success succeeded done ok ended true passed 1 0",
}
_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}


def endings(states: pl.Series) -> tuple[pl.Series, list[str]]:
    """Return for each row how the run ended, and the words that nobody knows: such runs count as ended."""
    kinds, unknown = {}, []
    for state in states.drop_nulls().unique().sort().to_list():
        word = re.sub(r"[^a-z0-9]+", "", state.lower().rpartition(".")[2])  # TrialState.COMPLETE
        kinds[state] = _BY_WORD.get(word, ENDED)
        if word not in _BY_WORD:
            unknown.append(state)
    return states.replace_strict(kinds, default=ENDED, return_dtype=pl.String), unknown

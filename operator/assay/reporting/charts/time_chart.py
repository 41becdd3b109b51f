"""The chart of where the time went: stacked shares per arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt

from assay.reporting.charts.theme import Spec, rows, scale, specification, unchecked
from assay.reporting.figures import seconds_text, share
from assay.reporting.time_shares import PHASE_WORDS

if TYPE_CHECKING:
    from assay.reporting.time_shares import TimeShare

PHASE_COLOURS = {phase: f"var(--phase-{place})" for place, phase in enumerate(PHASE_WORDS)}

_ROW = 40


@unchecked
def time_chart(shares: Sequence[TimeShare]) -> Spec | None:
    """Draw the wall time of each arm's trials by phase."""
    if not shares:
        return None
    arms = list(dict.fromkeys(each.arm for each in shares))
    whole = {arm: sum(each.seconds for each in shares if each.arm == arm) for arm in arms}
    order = list(PHASE_WORDS)
    values = [
        {
            "arm": f"{each.arm}",
            "phase": each.phase,
            "order": order.index(each.phase),
            "share": each.share,
            "phase_text": PHASE_WORDS[each.phase],
            "share_text": share(each.share),
            "seconds_text": f"{seconds_text(each.seconds)} s of {seconds_text(whole[each.arm])} s",
        }
        for each in shares
    ]
    bars = (
        alt.Chart(rows(values))
        .mark_bar(height={"band": 0.62}, stroke="var(--page)", strokeWidth=1)
        .encode(
            y=alt.Y("arm:N", sort=arms, title=None, axis=alt.Axis(labelLimit=130, domain=False, ticks=False)),
            x=alt.X(
                "share:Q",
                stack="normalize",
                title="share of a trial's time",
                axis=alt.Axis(format="%", tickCount=5, grid=False),
            ),
            color=alt.Color("phase:N", scale=scale(PHASE_COLOURS), legend=None),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("arm:N"),
                alt.Tooltip("phase_text:N", title="phase"),
                alt.Tooltip("share_text:N", title="share"),
                alt.Tooltip("seconds_text:N", title="of a trial"),
            ],
        )
    )
    return specification(bars, height=_ROW * len(arms) + 10)

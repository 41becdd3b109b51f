"""Policies side by side on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.api.resources import Question
from assay.reporting.figures import share
from assay.reporting.price_figures import (
    PRICES,
    PriceRow,
    best_answer,
    budget_note,
    facts,
    price_answer,
    price_rows,
    same_answer,
)

if TYPE_CHECKING:
    from assay.planning.study import Study
    from assay.ranking.price_curves import PricedPolicies

_GAP = 2


def price_table(study: Study, priced: PricedPolicies, truth: str) -> RenderableType:
    """What each policy reaches for its price; the answers come last."""
    rows = price_rows(priced)
    parts: list[RenderableType] = [
        Text.assemble(("Price against agreement: ", "bold"), (study.name, "bold")),
        Text(facts(study, priced), style="dim"),
        Text(
            f"Kendall's tau with the truth ({truth}): the median over the orders, in brackets all but the lowest and "
            "highest tenth. A pair of hypotheses that a policy does not order yet counts nothing. The last two "
            "columns: what the policy spends until it wants no more, and its tau by then.",
            style="dim",
        ),
        _table(rows, [(*row.taus, row.total, row.last_tau) for row in rows]),
        Text(),
    ]
    if study.spec.question is Question.FIND_BEST:
        regrets = [(*row.regrets, row.total, row.last_regret) for row in rows]
        explanation = f"Regret: what the chosen hypothesis lacks in {study.spec.metric.name} to the best one, the mean."
        parts += [Text(explanation, style="dim"), _table(rows, regrets), Text()]
    if note := budget_note(study, priced):
        parts += [Text(note), Text()]
    if study.spec.question is Question.FIND_BEST:
        parts.append(Text.assemble(("The chosen one: ", "bold"), best_answer(priced, study.spec.metric.name)))
    parts += [
        Text.assemble(("For its price: ", "bold"), price_answer(priced)),
        Text.assemble(("For the same order: ", "bold"), same_answer(priced)),
    ]
    return Group(*parts)


def _table(rows: tuple[PriceRow, ...], cells: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="underline")
    table.add_column("policy", overflow="ellipsis", no_wrap=True)
    for heading in (*map(share, PRICES), "spends", "gets"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, (row, own) in enumerate(zip(rows, cells, strict=True)):
        table.add_row(row.name, *own, style="bold" if place == 0 else "")
    return table

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
    budget_note,
    facts,
    price_answer,
    price_rows,
    regret_answer,
    same_answer,
)

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.ranking.budget.price_curves import PricedPolicies

_GAP = 2


def price_table(study: Study, priced: PricedPolicies, truth: str, *, explain: bool = False) -> RenderableType:
    """Return the answers, then what each policy reaches for its price, and what the columns mean if wanted."""
    rows = price_rows(priced)
    finds_best = study.spec.question is Question.FIND_BEST
    parts: list[RenderableType] = [
        Text.assemble(("Price against agreement: ", "bold"), (study.name, "bold")),
        Text(facts(study, priced), style="dim"),
        Text(),
    ]
    if finds_best:
        parts.append(Text.assemble(("The chosen one: ", "bold"), regret_answer(priced, study.spec.metric.name)))
    parts += [
        Text.assemble(("For its price: ", "bold"), price_answer(priced)),
        Text.assemble(("For the same order: ", "bold"), same_answer(priced)),
    ]
    if note := budget_note(study, priced):
        parts += [Text(), Text(note)]
    parts += [Text(), Text("Kendall's tau with the truth, by price", style="bold")]
    parts.append(_table(rows, [(*row.taus, row.total, row.last_tau) for row in rows]))
    if finds_best:
        parts += [Text(), Text(f"Regret in {study.spec.metric.name}, by price", style="bold")]
        parts.append(_table(rows, [(*row.regrets, row.total, row.last_regret) for row in rows]))
    parts.append(Text())
    parts += _explained(study, truth) if explain else [Text("What the columns mean: --explain.", style="dim")]
    return Group(*parts)


def _explained(study: Study, truth: str) -> list[RenderableType]:
    metric = study.spec.metric.name
    told: list[RenderableType] = [
        Text(
            f"Kendall's tau with the truth ({truth}): the median over the orders, in brackets all but the lowest and "
            "highest tenth. A pair of hypotheses that a policy does not order yet counts nothing. The last two "
            "columns: what the policy spends until it wants no more, and its tau by then."
        )
    ]
    if study.spec.question is Question.FIND_BEST:
        told.append(Text(f"Regret: what the chosen hypothesis lacks in {metric} to the best one, the mean."))
    return told


def _table(rows: tuple[PriceRow, ...], cells: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="underline")
    table.add_column("policy", overflow="ellipsis", no_wrap=True)
    for heading in (*map(share, PRICES), "spends", "gets"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, (row, own) in enumerate(zip(rows, cells, strict=True)):
        table.add_row(row.name, *own, style="bold" if place == 0 else "")
    return table

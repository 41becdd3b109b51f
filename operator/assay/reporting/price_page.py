"""Policies side by side as an HTML page that needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.resources import Question
from assay.reporting.charts.price_chart import agreement_price_chart, colours_of, regret_price_chart
from assay.reporting.figures import share
from assay.reporting.page import page
from assay.reporting.price_figures import (
    PRICES,
    budget_note,
    facts,
    price_answer,
    price_rows,
    regret_answer,
    regret_decimals,
    same_answer,
)

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.ranking.budget.price_curves import PricedPolicies
    from assay.reporting.charts.theme import Spec


def price_page(study: Study, priced: PricedPolicies, truth: str) -> str:
    """Return the page. `truth` says which order counts as the true one. Regret is shown if the study is to find the
    best."""
    charts: dict[str, Spec] = {"agreement-price-chart": agreement_price_chart(priced)}
    finds_best = study.spec.question is Question.FIND_BEST
    if finds_best:
        regret = regret_price_chart(priced, study.spec.metric.name, regret_decimals(priced))
        charts |= {"regret-price-chart": regret} if regret else {}
    answers = {
        "price": price_answer(priced),
        "same": same_answer(priced),
        "best": regret_answer(priced, study.spec.metric.name) if finds_best else "",
    }
    return page(
        "price.html.jinja",
        study=study,
        facts=facts(study, priced),
        answers={name: text.replace(" %", "\u00a0%") for name, text in answers.items()},
        note=budget_note(study, priced),
        prices=[share(price).replace(" %", "\u00a0%") for price in PRICES],
        rows=price_rows(priced),
        colours=colours_of(priced),
        charts=charts,
        truth=truth,
        zip=zip,
        data={"charts": charts},
    )

"""Policies side by side: the sentences, the tables and the charts that are made of their figures."""

from __future__ import annotations

import io
import json
import math
import re
from typing import Any

import altair as alt
import numpy as np
from rich.console import Console

from assay.api.resources import Budget, Question
from assay.planning.study.study import Study
from assay.ranking.budget.price_curves import PriceCurve, PricedPolicies, PricedRun
from assay.reporting.charts.price_chart import agreement_price_chart, colours_of, regret_price_chart
from assay.reporting.price_figures import budget_note, price_answer, price_json, price_rows, regret_answer, same_answer
from assay.reporting.price_page import price_page
from assay.reporting.price_table import price_table
from builders.studies import a_study

TRUTH = "the mean score on the reference over all 3 seeds of the table"


def a_curve(name: str, *purchases: tuple[float, float, float], runs: int = 2) -> PriceCurve:
    """A curve from its purchases (share, tau, regret), the same in every run."""
    shares, taus, regrets = (np.array(column) for column in zip(*purchases, strict=True))
    return PriceCurve(name, f"What {name} does.", (PricedRun(shares, taus, regrets),) * runs)


PLANNER = a_curve("planner", (0.02, 0.4, 0.1), (0.1, 0.8, 0.02), (0.3, 0.9, 0.01))
WHOLE = a_curve("equal allocation", (0.5, 0.3, 0.2), (1.0, 0.85, 0.0), (3.0, 1.0, 0.0))
NEVER_BUYS = PriceCurve("planner", "", (PricedRun(np.array([]), np.array([]), np.array([])),))
CHEAP = a_curve("eighth alone", (0.05, 0.3, 0.3), (0.12, 0.6, 0.05))


def priced(*curves: PriceCurve) -> PricedPolicies:
    return PricedPolicies(curves or (PLANNER, WHOLE, CHEAP), full_cost=120.0, hypotheses=18)


def a_budgeted_study(**spec: Any) -> Study:
    return a_study(budget=Budget(accelerator_seconds=40), **spec)


def test_the_judged_one_is_set_beside_the_best_of_the_others_at_its_own_price() -> None:
    assert price_answer(priced()) == (
        "For 30 % of the full cost the planner reaches a tau of 0.90 (0.90–0.90). "
        "The best of the others at that price: eighth alone, 0.60 (0.60–0.60)."
    )


def test_one_that_spends_more_than_the_full_cost_is_judged_at_a_fifth_of_it() -> None:
    spends = a_curve("planner", (0.1, 0.8, 0.02), (2.0, 0.9, 0.01))
    assert price_answer(priced(spends, WHOLE, CHEAP)).startswith("For 20 % of the full cost the planner reaches a tau")


def test_the_price_of_the_order_that_one_run_of_everybody_gives_is_said_or_that_it_is_not_reached() -> None:
    answer = same_answer(priced())
    assert re.fullmatch(
        r"One run of everybody gives a tau of 0\.85\. The planner reaches it for 30 %; no other does\.", answer
    )
    assert "The planner does not reach it; no other does." in same_answer(
        priced(PriceCurve("planner", "", CHEAP.runs), WHOLE)
    )
    late = a_curve("half alone", (0.5, 0.9, 0.0))
    assert same_answer(priced(PLANNER, WHOLE, late)).endswith("the first of the others is half alone, for 50 %.")


def test_an_order_that_is_lost_again_is_not_reached_yet() -> None:
    wavers = a_curve("planner", (0.1, 0.9, 0.0), (0.2, 0.5, 0.0), (0.4, 0.95, 0.0))
    assert "The planner reaches it for 40 %" in same_answer(priced(wavers, WHOLE))


def test_regret_is_said_with_the_decimals_of_the_table() -> None:
    assert regret_answer(priced(), "accuracy") == (
        "What the planner chooses for 30 % of the full cost lacks on average 0.0100 (0.0100–0.0100) in accuracy to "
        "the best. The least of the others at that price: eighth alone, 0.0500."
    )


def test_rows_have_a_dash_where_nothing_can_be_chosen_yet() -> None:
    rows = {row.name: row for row in price_rows(priced())}
    assert rows["equal allocation"].taus == ("0.00", "0.00", "0.00", "0.30", "0.85")
    assert rows["equal allocation"].regrets == ("–", "–", "–", "0.2000", "0.0000")
    assert (rows["planner"].total, rows["planner"].last_tau, rows["planner"].last_regret) == ("30 %", "0.90", "0.0100")


def test_only_a_study_without_a_budget_is_told_what_its_line_is() -> None:
    assert budget_note(a_budgeted_study(), priced()) == ""
    assert "spec.budget.acceleratorSeconds" in budget_note(a_study(), priced())
    assert budget_note(a_study(), priced(PLANNER, WHOLE)) == ""  # without proxies there is but one way


def test_the_json_is_plain_and_says_what_a_figure_is() -> None:
    found = json.loads(json.dumps(price_json(a_budgeted_study(), priced(), TRUTH)))
    assert found["policies"][1]["prices"][0] == {
        "share": 0.05,
        "tau": {"median": 0, "low": 0, "high": 0},
        "regret": None,
    }
    assert found["policies"][0]["prices"][2]["regret"].keys() == {"mean", "low", "high"}
    assert (found["fullCostAcceleratorSeconds"], found["orders"], found["hypotheses"]) == (120, 2, 18)


def test_the_terminal_table_fits_eighty_columns() -> None:
    for question in Question:
        output = io.StringIO()
        Console(width=80, file=output).print(price_table(a_budgeted_study(question=question), priced(), TRUTH))
        text = output.getvalue()
        assert max(map(len, text.splitlines())) <= 80
        assert ("Regret" in text) == (question is Question.FIND_BEST)


def test_the_chart_has_a_line_per_policy_each_of_its_own_colour_and_ends_where_the_policy_does() -> None:
    chart = agreement_price_chart(priced())
    text = json.dumps(chart)
    colours = colours_of(priced())
    assert len(set(colours.values())) == 3
    assert all(f'"{name}"' in text for name in colours)
    points = [row for rows in chart["datasets"].values() for row in rows if "value" in row]
    for curve in (PLANNER, WHOLE, CHEAP):
        own = [row for row in points if row["policy"] == curve.name]
        assert math.isclose(max(row["share"] for row in own), curve.total)
        assert {row["value"] for row in own} <= {float(tau) for tau in curve.runs[0].tau}


def test_the_charts_are_as_vega_lite_defines_charts() -> None:
    some, odd = priced(), priced(NEVER_BUYS, WHOLE, CHEAP)
    for chart in (
        *map(agreement_price_chart, (some, odd)),
        *(regret_price_chart(each, "accuracy", 2) for each in (some, odd)),
    ):
        # A background of null is no colour to the definition, and "as the page's" to the library.
        alt.Root.validate({**(chart or {}), "config": {}})


def test_the_page_escapes_what_a_table_calls_its_columns() -> None:
    page = price_page(a_budgeted_study(question=Question.FIND_BEST), priced(), "the mean of <b>accuracy</b>")
    assert "<b>accuracy</b>" not in page
    assert "&lt;b&gt;accuracy" in page
    assert 'id="regret-price-chart"' in page


def test_a_policy_that_buys_nothing_leaves_the_others_drawn() -> None:
    page = price_page(a_budgeted_study(), priced(NEVER_BUYS, WHOLE, CHEAP), TRUTH)
    assert 'id="agreement-price-chart"' in page
    assert "For 0 % of the full cost the planner reaches a tau of 0.00" in page.replace("\u00a0", " ")

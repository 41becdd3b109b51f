"""Pages that list what the code has list all of it, and nothing else."""

from __future__ import annotations

import re
from typing import get_args

from prometheus_client import CollectorRegistry

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import Subset, TrustStatistic
from assay.reporting.metric_descriptions import DESCRIPTIONS
from assay.reporting.metrics import OperatorMetrics
from assay_trainer.contract import Fidelity
from assay_trainer.vision import Recipe
from pages.markdown import ROOT, Page, page

DOCS = ROOT / "docs"


def first_cells(each: Page) -> list[str]:
    """Return what the first cells of its tables have between backticks, with `…_high_ratio` in full."""
    found: list[str] = []
    for line in each.text.splitlines():
        if line.startswith("| `"):
            for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
                found.append(re.sub(r"_low_ratio$", name.removeprefix("…"), found[-1]) if name[0] == "…" else name)
    return found


def labels_on(each: Page, metric: str) -> set[str]:
    line = next(
        line for line in each.text.splitlines() if line.startswith("| `") and f"`{metric}`" in line.split("|")[1]
    )
    return set(re.findall(r"`([^`]+)`", line.split("|")[2]))


def test_the_page_of_metrics_has_all_of_them_with_their_labels() -> None:
    metrics = page(DOCS / "metrics.md")
    registry = CollectorRegistry()
    OperatorMetrics(registry)
    operators = {each.name + ("_total" if each.type == "counter" else "") for each in registry.collect()}
    assert sorted(first_cells(metrics)) == sorted([*DESCRIPTIONS, *operators])
    for name, (labels, _) in DESCRIPTIONS.items():
        if not name.endswith("_high_ratio"):
            assert labels_on(metrics, name) == set(labels), name


def test_the_page_of_conditions_names_every_type_and_every_reason() -> None:
    text = page(DOCS / "conditions.md").text
    assert [kind for kind in ConditionType if f"**{kind}**" not in text] == []
    silent = {Reason.NOT_SUSPENDED}  # of what is as usual
    assert [reason for reason in Reason if f"`{reason}`" not in text and reason not in silent] == []


def test_every_statistic_of_trust_is_explained() -> None:
    assert set(TrustStatistic) <= set(first_cells(page(DOCS / "how-assay-decides.md")))


def test_a_worker_knows_every_way_to_choose_a_subset_that_a_manifest_may_name() -> None:
    assert set(get_args(Fidelity.model_fields["subset"].annotation)) == set(Subset)


def test_the_page_of_the_train_loop_has_every_key_of_its_recipe_and_says_whether_it_is_another_recipe() -> None:
    loop = page(DOCS / "train-loop.md")
    assert sorted(first_cells(loop)) == sorted(
        ["recipe", *(str(field.alias) for field in Recipe.model_fields.values())]
    )
    rows = [line for line in loop.text.splitlines() if line.startswith("| `")][1:]
    assert all(line.endswith(("| another recipe |", "| recipe unchanged |")) for line in rows)

"""assay replay --compare as a person uses it, on the example; and its page in headless Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from builders.browser import CHROMIUM, loaded, marks_of
from builders.command_line import Ended, replay

EXAMPLE = Path(__file__).parents[2] / "examples" / "replay"
RECORDED = str(EXAMPLE / "recorded.csv")
FOR_A_PRICE = EXAMPLE.parent / "replay-for-a-price"
PRICES = [0.05, 0.1, 0.2, 0.5, 1.0]


def compared(*arguments: str, file: Path = FOR_A_PRICE) -> Ended:
    return replay(RECORDED, "--compare", "--orders", "2", *arguments, file=file)


@pytest.fixture(scope="module")
def example() -> Ended:
    return compared("-o", "json")


def policies(ended: Ended) -> dict[str, Any]:
    assert (ended.code, ended.errors) == (0, "")
    return {each["name"]: each for each in json.loads(ended.output)["policies"]}


def test_the_planner_is_compared_with_every_yardstick_at_every_price(example: Ended) -> None:
    found = policies(example)
    assert list(found) == [
        "planner",
        "equal allocation",
        "successive halving",
        "eighth alone",
        "quarter alone",
        "half alone",
    ]
    assert all([at["share"] for at in each["prices"]] == PRICES for each in found.values())
    whole = [at["tau"]["median"] for at in found["equal allocation"]["prices"]]
    assert whole == sorted(whole)
    assert whole[-1] > 0.8
    assert found["planner"]["totalShare"] < 0.5
    assert found["planner"]["prices"][-1]["tau"]["median"] > 0.7


def test_a_comparison_that_is_repeated_says_the_same(example: Ended) -> None:
    assert compared("-o", "json") == example


def test_more_slots_change_nothing_that_is_bought_one_after_another(example: Ended) -> None:
    other = policies(compared("-o", "json", "--slots", "4"))
    for name, each in policies(example).items():
        assert name == "planner" or each == other[name]


def test_without_a_budget_the_planner_stands_beside_what_it_would_do_with_one() -> None:
    found = policies(compared("-o", "json", "--orders", "1", file=EXAMPLE))
    assert list(found)[:2] == ["planner", "promotion"]
    assert found["planner"]["totalShare"] > 3  # it runs all arms, to find out which may be trusted


def test_the_comparison_reads_well_on_a_terminal() -> None:
    ended = compared()
    assert ended.code == 0
    text = " ".join(ended.output.split())
    assert "18 hypotheses, 4 arms, 3 seeds in 2 orders. The full cost is one run of every hypothesis" in text
    assert re.search(r"policy +5 % +10 % +20 % +50 % +100 % +spends +gets\n *planner +", ended.output)
    assert "Regret" not in text


def test_the_truth_may_be_another_column(example: Ended, tmp_path: Path) -> None:
    table = tmp_path / "recorded.csv"
    header, *lines = Path(RECORDED).read_text().splitlines()
    reversed_scores = [f"{line},{1 - float(line.rsplit(',', 1)[1]):.4f}" for line in lines]
    table.write_text("\n".join([f"{header},upside_down", *reversed_scores]))
    ended = replay(str(table), "--compare", "--orders", "2", "--truth", "upside_down", "-o", "json", file=FOR_A_PRICE)
    assert json.loads(ended.output)["truth"].startswith("the mean of upside_down on the reference over all 3 seeds")
    own, other = policies(example), policies(ended)
    for name, each in own.items():
        for one, turned in zip(each["prices"], other[name]["prices"], strict=True):
            assert one["tau"]["median"] == pytest.approx(-turned["tau"]["median"])


@pytest.mark.parametrize(
    ("options", "want"),
    [
        (["--compare", "--orders", "0"], "--orders: given 0; allowed: 1 to 100"),
        (["--compare", "--orders", "101"], "--orders: given 101; allowed: 1 to 100"),
        (["--compare", "--truth", "scores"], "--truth: given 'scores'; allowed: a column of the table: hypothesis,"),
        (["--compare", "--report", "page.pdf"], "--report: given page.pdf; allowed: a file whose name ends in .html"),
        (["--compare", "--report", f"{RECORDED}/page.html"], "/recorded.csv/page.html ("),
        (["--orders", "3"], "--orders: given 3 without --compare; allowed: --compare --orders"),
        (["--truth", "score"], "--truth: given score without --compare; allowed: --compare --truth"),
        (["--report", "a.html"], "--report: given a.html without --compare; allowed: --compare --report"),
    ],
)
def test_a_wrong_option_of_a_comparison_ends_with_2_and_says_what_is_allowed(options: list[str], want: str) -> None:
    ended = replay(RECORDED, *options, file=FOR_A_PRICE)
    assert ended.code == 2
    assert want in ended.errors


def test_a_study_without_proxies_is_compared_with_equal_allocation_alone(tmp_path: Path) -> None:
    text = (EXAMPLE / "study.yaml").read_text()
    start, end = text.index("  proxies:"), text.index("  seeds:")
    manifest = tmp_path / "study.yaml"
    manifest.write_text(text[:start] + text[end:])
    assert list(policies(compared("-o", "json", file=manifest))) == ["planner", "equal allocation"]


def test_the_sentence_about_the_seeds_is_there_too(tmp_path: Path) -> None:
    manifest = tmp_path / "study.yaml"
    manifest.write_text((FOR_A_PRICE / "study.yaml").read_text().replace("initial: 3", "initial: 2, maximum: 5"))
    ended = compared("-o", "json", file=manifest)
    assert ended.errors.startswith("spec.seeds.maximum is 5; the table has 3 seeds")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a study that seeks the best hypothesis."""
    folder = tmp_path_factory.mktemp("compared")
    manifest, page = folder / "study.yaml", folder / "pages" / "page.html"
    manifest.write_text((FOR_A_PRICE / "study.yaml").read_text().replace("RankAll", "FindBest"))
    ended = compared("--explain", "--report", str(page), file=manifest)
    assert (ended.code, ended.errors) == (0, f"Written: {page}\n")
    assert "Regret: what the chosen hypothesis lacks in accuracy to the best one" in " ".join(ended.output.split())
    return page


def test_the_page_of_who_seeks_the_best_has_both_charts(page: Path) -> None:
    text = page.read_text()
    assert 'id="agreement-price-chart"' in text
    assert 'id="regret-price-chart"' in text


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make system-deps")
@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_draws_its_charts_and_the_console_is_silent(page: Path, width: int) -> None:
    text, console = loaded(page, width=width)
    assert console == []
    assert 'data-drawn="2"' in text
    marks = marks_of(text)
    assert set(marks) == {"agreement-price-chart", "regret-price-chart"}
    assert all(number >= 6 for number in marks.values()), marks  # a line per policy at least

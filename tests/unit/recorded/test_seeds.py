"""Seeds: who shares one, by the labels that a table has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.recorded.choice import Choice
from assay.recorded.read import read_frame
from assay.recorded.table import Table

Label = Callable[[str, str, int], object]


def read(label: Label | None, *, seeds: int = 3, left_out: frozenset[tuple[str, str, int]] = frozenset()) -> Table:
    """Return the table of three hypotheses on two arms; the score says in which place of its cell a run is."""
    cells = [cell for cell in product("abc", ("reference", "short"), range(seeds)) if cell not in left_out]
    columns: dict[str, list[object]] = {
        "hypothesis": [hypothesis for hypothesis, _, _ in cells],
        "arm": [arm for _, arm, _ in cells],
        "score": [float(number) for _, _, number in cells],
    }
    if label is not None:
        columns["seed"] = [label(*cell) for cell in cells]
    return read_frame(columns, Choice())


WHOLE = {(h, a, n): float(n) for h, a, n in product("abc", ("reference", "short"), range(3))}


def numbers(table: Table) -> dict[tuple[str, str, int], float | None]:
    return {key: run.score for key, run in table.runs.items()}


@pytest.mark.parametrize("label", [lambda h, a, n: n, lambda h, a, n: 42 + 10 * n, lambda h, a, n: "xyz"[n]])
def test_seeds_that_all_share_pair_all_runs(label: Label) -> None:
    table = read(label)
    assert (numbers(table), table.paired, table.said) == (
        WHOLE,
        True,
        ("No column has the cost, so nothing is said of what runs cost.",),
    )


def test_numbers_of_seeds_are_in_the_order_of_numbers() -> None:
    assert numbers(read(lambda h, a, n: str(9 + n))) == WHOLE


def test_a_seed_that_one_hypothesis_lacks_keeps_the_others_in_pairs() -> None:
    table = read(lambda h, a, n: n, left_out=frozenset({("a", "short", 0)}))
    assert numbers(table) == {key: score for key, score in WHOLE.items() if key != ("a", "short", 0)}
    assert (table.paired, table.counts.missing) == (True, 1)
    assert "1 run is not there, of all hypotheses on all arms with all seeds." in table.said


def test_seeds_that_are_unique_to_each_run_are_numbered_within_hypothesis_and_arm() -> None:
    cells = list(product("abc", ("reference", "short"), range(3)))
    table = read(lambda *cell: cells.index(cell))
    assert (numbers(table), table.paired, table.counts.missing) == (WHOLE, False, 0)
    assert (
        "Each run has a seed of its own, so runs are numbered within their hypothesis and arm; nothing is"
        in table.said[1]
    )


def test_seeds_that_differ_between_arms_pair_the_hypotheses_of_an_arm() -> None:
    table = read(lambda h, a, n: n if a == "reference" else 10 + n, left_out=frozenset({("b", "short", 1)}))
    assert numbers(table) == {key: score for key, score in WHOLE.items() if key != ("b", "short", 1)}
    assert table.paired
    assert "it pairs hypotheses on each arm, and not arms" in table.said[1]


def test_of_seeds_that_some_share_the_shared_ones_pair_and_the_others_are_numbered() -> None:
    def label(hypothesis: str, arm: str, number: int) -> str:
        return f"own {hypothesis} {arm}" if number == 0 else f"shared {number}"

    table = read(label)
    shared = {key: score for key, score in numbers(table).items() if score}
    assert {(key[2], score) for key, score in shared.items()} == {(1, 1.0), (2, 2.0)}
    assert {key[2] for key, score in numbers(table).items() if not score} == {0}
    assert not table.paired
    assert (
        "12 runs share their seed with runs of other hypotheses and are paired by it; the other 6 are" in table.said[1]
    )


@pytest.mark.parametrize("gap", [("b", "reference", 0), ("b", "short", 1)])
def test_seeds_of_one_hypothesis_alone_pair_its_arms_also_where_a_run_is_missing(
    gap: tuple[str, str, int],
) -> None:
    table = read(lambda h, a, n: f"{h}{n}", left_out=frozenset({gap}))
    same = {(key[0], key[2]): score for key, score in numbers(table).items() if key[1] == "reference"}
    for (hypothesis, arm, number), score in numbers(table).items():
        if arm == "short" and (hypothesis, number) in same and gap[0] != hypothesis:
            assert same[hypothesis, number] == score
    both = {number: numbers(table)["b", "reference", number] for number in (0, 1)}
    assert both == {number: numbers(table)["b", "short", number] for number in (0, 1)}
    assert "Each hypothesis has a seed of its own: it pairs its arms, and no hypothesis with another." in table.said[1]


def test_without_a_column_of_seeds_runs_are_numbered_as_they_come() -> None:
    table = read(None)
    assert (numbers(table), table.paired) == (WHOLE, False)
    assert "runs of a hypothesis on an arm are numbered as they come; nothing is paired" in table.said[1]


@given(st.data())
def test_no_run_is_lost_and_no_two_have_one_number_whatever_the_labels(data: st.DataObject) -> None:
    cells = data.draw(
        st.dictionaries(
            st.tuples(st.sampled_from("abc"), st.sampled_from("xy")),
            st.sets(st.integers(0, 6), min_size=1, max_size=4),
            min_size=1,
        )
    )
    rows = [(h, a, seed) for (h, a), seeds in cells.items() for seed in seeds]
    columns = {"hypothesis": [r[0] for r in rows], "arm": [r[1] for r in rows], "seed": [r[2] for r in rows]}
    table = read_frame({**columns, "score": [float(n) for n in range(len(rows))]}, Choice())
    assert sorted(run.score for run in table.runs.values() if run.score is not None) == list(range(len(rows)))
    for (hypothesis, arm), seeds in cells.items():
        own = [seed for h, a, seed in table.runs if (h, a) == (hypothesis, arm)]
        assert len(own) == len(seeds)
    if table.paired:  # then a number is one seed of the arm
        by_number: dict[tuple[str, int], set[int]] = {}
        for (_, arm, number), run in table.runs.items():
            assert run.score is not None
            by_number.setdefault((arm, number), set()).add(rows[int(run.score)][2])
        assert all(len(labels) == 1 for labels in by_number.values())

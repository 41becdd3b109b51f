"""Recorded results: from the rows of a file to a study on them, and what is wrong with either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars
import pytest

from assay.api.errors import InvalidInput
from assay.api.metadata import LabelSelector
from assay.api.resources import HypothesesSelection, Hypothesis, ProxyArm, ReferenceArm, Seeds
from assay.recorded.choice import Choice
from assay.recorded.read import read_file
from assay.recorded.table import RecordedRun, Table
from assay.runners.replay.study import replay_study
from builders.manifests import a_hypothesis, a_proxy, a_proxy_study
from builders.tables import a_replay, a_table

HEADER = "hypothesis,arm,seed,cost,score"
CHOICE = Choice(needs_cost=True)
BASELINE = HypothesesSelection(baseline="baseline")


def a_file(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "recorded.csv"
    file.write_text("\n".join([header, *rows]))
    return file


def problem_of(error: pytest.ExceptionInfo[InvalidInput]) -> str:
    (problem,) = error.value.problems
    return str(problem).partition(": ")[2]


# ----------------------------------------------------------------------------- reading


def test_a_csv_file_is_read_into_cells(tmp_path: Path) -> None:
    file = a_file(tmp_path, "a,reference,7,2,0.5", "a,reference,9,2.5,0.25", "B.c_D,short,7,1e1,1")
    assert read_file(file, CHOICE).runs == {
        ("a", "reference", 0): RecordedRun(2.0, 0.5),
        ("a", "reference", 1): RecordedRun(2.5, 0.25),
        ("b-c-d", "short", 0): RecordedRun(10.0, 1.0),
    }


def test_a_parquet_file_with_other_names_and_several_data_sets_is_read_into_cells(tmp_path: Path) -> None:
    file = tmp_path / "curves.parquet"
    polars.DataFrame(
        {
            "data": [3, 3, 4],
            "learner": polars.Series(["SVC_rbf", "SVC_rbf", "SVC_rbf"], dtype=polars.Categorical),
            "train_size": [16, 2588, 16],
            "seed": [0, 0, 0],
            "seconds": [0.5, 8.0, 0.25],
            "accuracy": [0.5, 0.75, 0.125],
        }
    ).write_parquet(file)
    choice = Choice(("learner",), size="train_size", cost="seconds", score="accuracy", where={"data": "3"})
    table = read_file(file, choice)
    assert table.runs == {("svc-rbf", "16", 0): RecordedRun(0.5, 0.5), ("svc-rbf", "2588", 0): RecordedRun(8.0, 0.75)}
    assert table.sizes == {"16": 16.0, "2588": 2588.0}
    assert table.digest != read_file(file, replace(choice, where={"data": "4"})).digest


def test_what_is_recorded_twice_may_be_averaged_over_the_runs_that_have_a_score(tmp_path: Path) -> None:
    file = a_file(tmp_path, "a,reference,0,1,0.5", "a,reference,0,2,0.25", "a,reference,0,3,", "a,reference,1,4,NaN")
    assert read_file(file, replace(CHOICE, repeats="mean")).runs == {
        ("a", "reference", 0): RecordedRun(1.5, 0.375),
        ("a", "reference", 1): RecordedRun(4.0, None),
    }


def test_whole_numbers_at_the_top_of_a_column_do_not_make_it_one_of_whole_numbers(tmp_path: Path) -> None:
    file = a_file(tmp_path, *(f"a,reference,{seed},1,1" for seed in range(150)), "a,reference,150,0.5,0.5")
    assert read_file(file, CHOICE).runs["a", "reference", 150] == RecordedRun(0.5, 0.5)


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        (
            ["a,reference,0,-1,0.5"],
            "cost: given '-1' in row 1 (a, arm reference, seed 0); allowed: a number of seconds",
        ),
        (["a,reference,0,,0.5", "a,reference,1,1,0.5"], "cost: given nothing in row 1 (a,"),
        (["a,reference,0,inf,0.5"], "cost: given 'inf' in row 1 (a,"),
        (["a,reference,0,1,good"], "score: given 'good' in row 1 (a,"),
        (["a,,0,1,0.5", "a,reference,0,1,0.5"], "arm: given nothing in row 1 (a,"),
        (["a,reference,,1,0.5", "a,reference,0,1,0.5"], "seed: given nothing in row 1 (a,"),
        (["_,reference,0,1,0.5"], "hypothesis: given '_' in row 1 (_, arm reference, seed 0); allowed: a name with"),
        (["a,reference,0,,0.5"], "cost: given no column that says how long runs took"),
        ([], "given a table without rows; allowed: a row per recorded run"),
    ],
)
def test_a_row_that_can_not_be_used_is_told(tmp_path: Path, rows: list[str], want: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_file(a_file(tmp_path, *rows), CHOICE)
    assert problem_of(error).startswith(want)


def test_a_size_must_be_a_number_above_0(tmp_path: Path) -> None:
    file = a_file(tmp_path, "a,0,0,1,0.5", header="hypothesis,size,seed,cost,score")
    with pytest.raises(InvalidInput) as error:
        read_file(file, CHOICE)
    assert problem_of(error) == "size: given '0' in row 1 (a, size 0, seed 0); allowed: a training size above 0"


def test_rows_of_different_data_sets_are_not_averaged(tmp_path: Path) -> None:
    file = a_file(tmp_path, "a,reference,0,1,0.5,mnist", "a,reference,0,1,0.9,cifar", header=f"{HEADER},data")
    with pytest.raises(InvalidInput) as error:
        read_file(file, CHOICE)
    assert problem_of(error) == (
        "--where: given nothing for data, in which rows of the same hypothesis, arm, seed differ; "
        "allowed: data=VALUE, cifar or mnist"
    )
    chosen = replace(CHOICE, where={"data": "mnist"})
    assert read_file(file, chosen).runs == {("a", "reference", 0): RecordedRun(1.0, 0.5)}


# ----------------------------------------------------------------------------- the study


def test_all_that_the_table_has_is_compared_except_what_the_selector_leaves_out() -> None:
    selector = LabelSelector(match_labels={"kind": "linear"})
    study = a_proxy_study(
        hypotheses=HypothesesSelection(baseline="baseline", selector=selector), proxies=[a_proxy("short")]
    )
    described = [
        a_hypothesis("h1", labels={"kind": "linear"}, priority=5, recipe={}),
        a_hypothesis("h2", labels={"kind": "tree"}),
        a_hypothesis("not-recorded", labels={"kind": "linear"}),
    ]
    table = a_table(arms=["reference", "short"])
    replayed = replay_study(study, described, table, 1)
    assert [hypothesis.name for hypothesis in replayed.study.hypotheses] == ["baseline", "h1", "h3"]
    assert replayed.study.hypotheses[1].spec.statement == "h1 helps."
    assert len({trial.key for trial in replayed.study.design.trials}) == 3 * 2 * 3


def test_hypotheses_described_alike_keep_their_own_results() -> None:
    described: list[Hypothesis] = [a_hypothesis("h1"), a_hypothesis("h2")]
    study = a_proxy_study(hypotheses=BASELINE, proxies=[a_proxy("short")])
    replayed = replay_study(study, described, a_table(arms=["reference", "short"]), 1)
    assert len({trial.key for trial in replayed.study.design.trials}) == 4 * 2 * 3


def by_size() -> Table:
    return a_table(arms=["100", "200", "400", "840"], sizes=True, cost=lambda *_: 1.0)


def test_an_arm_is_the_recorded_size_nearest_to_its_share_of_the_largest() -> None:
    proxies = [a_proxy("half", data_percent=50), a_proxy("eighth", data_percent=12)]
    assert a_replay(by_size(), proxies=proxies).arms == {"reference": "840", "half": "400", "eighth": "100"}


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        (
            {"proxies": [a_proxy("tiny", data_percent=2)]},
            "spec.proxies[0].dataPercent: given 2, which is a size of 16.8; allowed: a share of 840, the largest size",
        ),
        (
            {"proxies": [a_proxy("half", data_percent=50), a_proxy("more", data_percent=45)]},
            "spec.proxies[1].dataPercent: given 45, which is size 400, as half is; allowed: a share of 840",
        ),
        (
            {"proxies": [a_proxy("both", data_percent=50, epochs=1)]},
            "spec.proxies[0]: given 'both', which also differs from the reference in epochs; allowed: dataPercent",
        ),
        (
            {"proxies": [a_proxy("coreset", data_percent=50, subset="EL2N")]},
            "spec.proxies[0]: given 'coreset', which also differs from the reference in subset; allowed: dataPercent",
        ),
        (
            {"reference": ReferenceArm(epochs=1, data_percent=5)},
            "spec.reference.dataPercent: given 5, which is a size of 42; allowed: a share of 840",
        ),
        ({"seeds": Seeds(initial=4)}, "spec.seeds.initial: given 4; allowed: at most 3, as many as the table has"),
    ],
)
def test_what_a_table_of_sizes_can_not_say_is_refused(changes: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidInput) as error:
        a_replay(by_size(), **changes)
    assert problem_of(error).startswith(want)


@pytest.mark.parametrize(
    ("column", "shown", "proxy"),
    [
        ("params.max_epochs", {"reference": "20", "short": "5"}, a_proxy("brief", epochs=5)),
        ("data_percent", {"reference": "100 %", "short": "25 %"}, a_proxy("quarter", data_percent=25)),
        ("train_fraction", {"reference": "1.0", "short": "0.25"}, a_proxy("quarter", data_percent=25)),
        ("image_size", {"reference": "28", "short": "14"}, a_proxy("small", image_size=14)),
    ],
)
def test_an_arm_is_found_by_what_its_manifest_and_the_table_say_of_it(
    column: str, shown: dict[str, str], proxy: ProxyArm
) -> None:
    names = {"reference": "a", "short": "b"}
    table = a_table(arms=["reference", "short"])
    runs = {(hypothesis, names[arm], seed): run for (hypothesis, arm, seed), run in table.runs.items()}
    arm_names = {names[arm]: text for arm, text in shown.items()}
    table = replace(table, runs=runs, arm_names=arm_names, arm_column=column)
    reference = ReferenceArm(epochs=20, image_size=28)
    assert a_replay(table, reference=reference, proxies=[proxy]).arms == {"reference": "a", proxy.name: "b"}


def test_hypotheses_are_described_as_the_table_calls_them() -> None:
    table = replace(a_table(), hypothesis_names={"h1": "lr=0.1 sgd"})
    statements = {each.name: each.spec.statement for each in a_replay(table).study.hypotheses}
    assert (statements["h1"], statements["h2"]) == ("Recorded as lr=0.1 sgd.", "Recorded as h2.")


def test_an_arm_that_the_table_lacks_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as error:
        a_replay(a_table(), proxies=[a_proxy("halve")])
    assert problem_of(error) == (
        "spec.proxies[0].name: given 'halve'; allowed: an arm that the table has: half, reference or short "
        "(--recorded-arm halve=ARM says which it is); did you mean half?"
    )

"""assay replay as a person uses it, on the example."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import command_line
from builders.command_line import Ended

EXAMPLE = Path(__file__).parents[2] / "examples" / "replay"
RECORDED = str(EXAMPLE / "recorded.csv")


def replay(table: str = RECORDED, *arguments: str, file: Path = EXAMPLE) -> Ended:
    """Replay a study, by default the example's, and return what the command printed."""
    return command_line.replay(table, *arguments, file=file)


@pytest.fixture(scope="module")
def example() -> Ended:
    return replay(RECORDED, "-o", "json")


def test_the_example_ranks_all_learners_and_says_which_proxy_may_be_trusted(example: Ended) -> None:
    assert (example.code, example.errors) == (0, "")
    status: dict[str, Any] = json.loads(example.output)
    learners = {row.split(",")[0] for row in Path(RECORDED).read_text().splitlines()[1:]}
    assert len(status["ranking"]) == len(learners) == 18
    assert status["trials"]["succeeded"] == 18 * 4 * 3
    assert {arm["name"]: arm.get("decision") for arm in status["arms"]}["half"] == "Trusted"


def test_a_replay_that_is_repeated_says_the_same(example: Ended) -> None:
    assert replay(RECORDED, "-o", "json") == example


def test_the_example_reads_well_on_a_terminal() -> None:
    ended = replay(RECORDED, "--slots", "4")
    assert ended.code == 0
    assert "Trust quarter" in " ".join(ended.output.split())
    assert "reference 1347, half 674, quarter 337, eighth 168." in ended.output
    assert "216 recorded runs, " in ended.output


def test_columns_of_other_names_are_told_by_options(example: Ended, tmp_path: Path) -> None:
    renamed = tmp_path / "curves.csv"
    header, *rows = Path(RECORDED).read_text().splitlines()
    assert header == "hypothesis,size,seed,cost,score"
    lines = [f"{row},{data}" for row in rows for data in (3, 4)]
    renamed.write_text("\n".join(["learner,train_size,seed,train_seconds,valid_accuracy,openmlid", *lines]))
    options = ["hypothesis=learner", "size=train_size", "cost=train_seconds", "score=valid_accuracy"]
    columns = [word for option in options for word in ("--column", option)]
    ended = replay(str(renamed), "--where", "openmlid=3", *columns, "-o", "json")
    assert ended == example


def a_text_file(folder: Path) -> str:
    file = folder / "recorded.txt"
    file.write_text("hypothesis size seed cost score")
    return str(file)


def a_pickle(folder: Path) -> str:
    file = folder / "recorded.pkl"
    file.write_bytes(b"cos\nsystem\n")
    return str(file)


def a_broken_table(folder: Path) -> str:
    file = folder / "recorded.parquet"
    file.write_bytes(b"PAR1 but not for long")
    return str(file)


def a_manifest(folder: Path, old: str, new: str) -> Path:
    text = (EXAMPLE / "study.yaml").read_text()
    assert text.count(old) == 1
    file = folder / "study.yaml"
    file.write_text(text.replace(old, new))
    return file


@pytest.mark.parametrize(
    ("options", "want"),
    [
        (
            ["--column", "score=scor"],
            "--column score: given 'scor'; allowed: a column of the table: hypothesis, size, seed, cost or score; did",
        ),
        (
            ["--column", "scores=score"],
            "--column: given 'scores'; allowed: hypothesis, arm, size, seed, cost, score, state, start or end; did",
        ),
        (["--column", "score"], "--column: given 'score'; allowed: NAME=VALUE"),
        (["--column", "arm=size", "--column", "size=size"], "--column: given arm and size; allowed: one of the two"),
        (["--where", "seed=0", "--where", "seed=1"], "--where: given seed twice; allowed: each name once"),
        (["--where", "seeds=0"], "--where: given 'seeds'; allowed: a column of the table: hypothesis, size, seed,"),
        (
            ["--where", "hypothesis=SVC_rfb"],
            "--where hypothesis: given 'SVC_rfb'; allowed: one of the column's 18 values, such as SVC_linear, SVC_poly",
        ),
    ],
)
def test_a_wrong_option_ends_with_2_and_says_what_is_allowed(options: list[str], want: str) -> None:
    ended = replay(RECORDED, *options)
    assert (ended.code, ended.output) == (2, "")
    assert want in ended.errors


def test_a_value_that_looks_like_a_typo_is_told_with_the_nearest() -> None:
    assert replay(RECORDED, "--where", "hypothesis=SVC_rfb").errors.endswith("did you mean SVC_rbf?\n")


def test_what_is_no_table_ends_with_2(tmp_path: Path) -> None:
    given = {
        str(tmp_path / "nowhere.csv"): "given a path where nothing is",
        str(tmp_path): "given a folder",
        a_text_file(tmp_path): "given a table of one column, 'hypothesis size seed cost score'",
        a_pickle(tmp_path): "given a file that ends in .pkl",
        a_broken_table(tmp_path): "given what can't be read as a table",
    }
    for table, want in given.items():
        ended = replay(table)
        assert ended.code == 2
        assert ended.errors.startswith(f"{table}: {want}")
        assert "allowed: a table with a row per run: .csv" in ended.errors or "columns apart by commas" in ended.errors


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        ("dataPercent: 12}", "dataPercent: 1}", "spec.proxies[2].dataPercent: given 1, which is a size of 13.47;"),
        ("initial: 3", "initial: 7", "spec.seeds.initial: given 7; allowed: at most 3, as many as the table has"),
        ("baseline: sklearn", "baseline: scikit", 'spec.hypotheses.baseline: given "scikit-linear-model-logistic'),
    ],
)
def test_a_study_that_the_table_can_not_answer_ends_with_2(tmp_path: Path, old: str, new: str, want: str) -> None:
    ended = replay(file=a_manifest(tmp_path, old, new))
    assert (ended.code, ended.output) == (2, "")
    assert want in ended.errors


def test_a_study_that_asks_for_more_seeds_than_there_are_gets_those_there_are_and_a_sentence(
    tmp_path: Path, example: Ended
) -> None:
    ended = replay(RECORDED, "-o", "json", file=a_manifest(tmp_path, "initial: 3", "initial: 3, maximum: 7"))
    assert ended.code == 0
    assert ended.errors == "spec.seeds.maximum is 7; the table has 3 seeds, so that many are the most.\n"
    assert ended.output == example.output


STUDY = """
apiVersion: assay.dev/v1alpha1
kind: ProxyStudy
metadata: {{name: past}}
spec:
  hypotheses: {{baseline: {baseline}}}
  dataset: {{manifest: none.json}}
  trainer: {{entrypoint: "team:train"}}
  metric: {{name: val/acc, goal: Maximize, smallestEffect: "0.002"}}
  reference: {{epochs: 50}}
  proxies:
  - {{name: short, epochs: 5}}
  seeds: {{initial: {initial}, maximum: 3}}
"""


def a_study(folder: Path, baseline: str = "h0", initial: int = 3) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(baseline=baseline, initial=initial))
    return file


def a_table(folder: Path, header: str, row: Callable[[int, int, int], str]) -> str:
    """Write runs of six hypotheses (0 to 5) at 50 and 5 epochs, with three seeds."""
    table = folder / "past.csv"
    rows = [row(hypothesis, epochs, seed) for hypothesis in range(6) for epochs in (50, 5) for seed in range(3)]
    table.write_text("\n".join([header, *rows]))
    return str(table)


def score(hypothesis: int, epochs: int, seed: int) -> str:
    return f"{hypothesis / 10 + seed / 100:.2f},{epochs}"


def test_arms_are_found_by_their_epochs_and_the_score_by_the_name_of_the_metric(tmp_path: Path) -> None:
    header = "Name,State,lr,epochs,seed,val/loss,val/acc,_runtime"
    table = a_table(tmp_path, header, lambda h, e, s: f"run-{h}{e}{s},finished,0.0{h + 1},{e},{s},1.0,{score(h, e, s)}")
    ended = replay(table, file=a_study(tmp_path, "0-01"))
    assert ended.code == 0
    assert "6 hypotheses, 2 arms, 3 seeds; 36 of 36 trials" in ended.output
    assert ended.errors.splitlines() == [
        "Column lr is the hypothesis, the only column left that varies.",
        "Column epochs is the arm.",
        "Column _runtime is the cost, in seconds.",
        "Column val/acc is the score, the metric of the study.",
    ]


@pytest.mark.parametrize("label", [lambda h, e, s: 100 * h + e + s, lambda h, e, s: e + s], ids=["unique", "by arm"])
def test_seeds_of_any_labels_are_no_failures(label: Callable[[int, int, int], int], tmp_path: Path) -> None:
    header = "hypothesis,epochs,seed,score,cost"
    table = a_table(tmp_path, header, lambda h, e, s: f"h{h},{e},{label(h, e, s)},{score(h, e, s)}")
    ended = replay(table, "-o", "json", file=a_study(tmp_path))
    trials = json.loads(ended.output)["trials"]
    assert (trials["succeeded"], trials.get("failed", 0)) == (36, 0)


def test_runs_that_a_table_lacks_are_said_to_be_held_against_nobody(tmp_path: Path) -> None:
    table = a_table(tmp_path, "hypothesis,epochs,seed,score,cost", lambda h, e, s: f"h{h},{e},{s},{score(h, e, s)}")
    lacking = [line for line in Path(table).read_text().splitlines() if not line.startswith("h3,5,1")]
    Path(table).write_text("\n".join(lacking))
    ended = replay(table, file=a_study(tmp_path))
    want = "1 run that the study asked for is not in the table: counted as failed above, and held against nobody."
    assert want in " ".join(ended.output.split())
    assert "1 run is not there, of all hypotheses on all arms with all seeds." in ended.errors


def test_arms_of_any_name_are_told_by_an_option(tmp_path: Path) -> None:
    names = {50: "Full run", 5: "10 %"}
    header = "hypothesis,arm,seed,score,cost"
    table = a_table(tmp_path, header, lambda h, e, s: f"h{h},{names[e]},{s},{score(h, e, s)}")
    ended = replay(
        table, "--recorded-arm", "reference=Full run", "--recorded-arm", "short=10 %", file=a_study(tmp_path)
    )
    assert "36 of 36 trials" in ended.output
    ended = replay(table, "--recorded-arm", "short=10", file=a_study(tmp_path))
    assert ended.code == 2
    want = "spec.reference: given 'reference'; allowed: an arm that the table has: 10 % or Full run (--recorded-arm "
    assert want in ended.errors
    ended = replay(table, "--recorded-arm", "shorts=10 %", file=a_study(tmp_path))
    assert (
        "--recorded-arm: given 'shorts'; allowed: an arm of the study: reference or short; did you mean" in ended.errors
    )


def test_a_table_of_one_seed_is_refused_with_who_can_use_it(tmp_path: Path) -> None:
    table = a_table(tmp_path, "hypothesis,epochs,seed,score,cost", lambda h, e, s: f"h{h},{e},0,{score(h, e, 0)}")
    for initial, want in (
        (1, "what a single seed can say, assay judge says"),
        (2, "assay judge says what can be said"),
    ):
        ended = replay(table, file=a_study(tmp_path, initial=initial))
        assert ended.code == 2
        assert f"spec.seeds.initial: given {initial}; allowed: " in ended.errors
        assert want in ended.errors


def test_several_rows_of_one_run_are_counted_as_an_option_says(tmp_path: Path) -> None:
    table = a_table(tmp_path, "hypothesis,epochs,seed,score,cost", lambda h, e, s: f"h{h},{e},0,{score(h, e, s)}")
    assert "18 rows" not in replay(table, file=a_study(tmp_path)).output
    assert "or --repeats mean, first, last or seeds" in replay(table, file=a_study(tmp_path)).errors
    ended = replay(table, "--repeats", "seeds", file=a_study(tmp_path))
    assert "36 of 36 trials" in ended.output
    assert (
        "--repeats: given 'median'; allowed: mean, first, last or seeds" in replay(table, "--repeats", "median").errors
    )


def test_what_a_table_of_mlflow_names_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    header = "hypothesis,epochs,seed,metrics.acc,metrics.loss"
    table = a_table(tmp_path, header, lambda h, e, s: f"h{h},{e},{s},0.5,0.5")
    ended = replay(table, file=a_study(tmp_path))
    assert ended.code == 2
    assert (
        "given several columns that may be the score: metrics.acc and metrics.loss; allowed: --column score"
        in ended.errors
    )
    ended = replay(table, "--column", "score=acc", file=a_study(tmp_path))
    assert "cost: given no column that says how long runs took" in ended.errors
    assert "--column cost" in ended.errors


def test_an_arm_that_the_table_lacks_ends_with_2_and_the_nearest(tmp_path: Path) -> None:
    table = tmp_path / "recorded.csv"
    header, *rows = Path(RECORDED).read_text().splitlines()
    names = {"1347": "reference", "674": "half", "337": "quarter", "168": "an-eighth"}
    cells = [row.split(",") for row in rows]
    renamed = [",".join([cell[0], names[cell[1]], *cell[2:]]) for cell in cells]
    table.write_text("\n".join([header.replace("size", "arm"), *renamed]))
    ended = replay(str(table))
    assert ended.code == 2
    assert "spec.proxies[2].name: given 'eighth'; allowed: an arm that the table has: an-eighth, half" in ended.errors
    assert ended.errors.endswith("did you mean an-eighth?\n")

"""assay judge as a new user meets it: fresh exports, one command, no docs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.command_line import Ended, assay

RECORDED = Path(__file__).parents[2] / "examples" / "replay" / "recorded.csv"
NOISE = np.random.default_rng(11).normal(size=(5, 2, 3)) / 100


def judge(*arguments: object) -> Ended:
    return assay("judge", *map(str, arguments))


def found(*arguments: object) -> dict[str, Any]:
    ended = judge(*arguments, "-o", "json")
    assert ended.code == 0, ended.errors
    read: dict[str, Any] = json.loads(ended.output)
    return read


def written(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ",") -> Path:
    file.write_text("\n".join(separator.join(map(str, row)) for row in (header, *rows)) + "\n", encoding="utf-8")
    return file


def wandb_rows() -> Iterable[list[object]]:
    """Rows as the page of Weights & Biases exports them: configuration, summary and facts of the run in one."""
    for row in range(5):
        for at, epochs in enumerate((3, 12)):
            for seed in range(3):
                accuracy = 0.7 + row / 20 + float(NOISE[row, at, seed])
                yield [f"lively-sea-{row}{at}{seed}", "finished", epochs * 30, seed, f"opt-{row}", epochs, accuracy]


WANDB = ("Name", "State", "Runtime", "seed", "optimizer", "epochs", "val/accuracy")


def test_the_example_is_answered_in_one_command() -> None:
    ended = judge(RECORDED)
    assert ended.code == 0
    assert "The reference is size 1347, the largest; --reference chooses another." in ended.errors
    assert "Trust size 674" in ended.output
    assert "No baseline is named" in ended.output


def test_an_export_of_weights_and_biases_is_answered_in_one_command(tmp_path: Path) -> None:
    said = found(written(tmp_path / "wandb_export.csv", WANDB, wandb_rows()))
    assert (said["score"], said["reference"]) == ("val/accuracy", "12")
    assert [each["name"] for each in said["hypotheses"]] == [f"opt-{row}" for row in (4, 3, 2, 1, 0)]
    (proxy,) = said["proxies"]
    assert (proxy["name"], proxy["relative_cost"], proxy["runs"]) == ("3", 0.25, 15)


def test_what_is_judged_is_the_same_whatever_the_separator(tmp_path: Path) -> None:
    comma = found(written(tmp_path / "a.csv", WANDB, wandb_rows()))
    semicolon = found(written(tmp_path / "b.csv", WANDB, wandb_rows(), ";"))
    assert semicolon["hypotheses"] == comma["hypotheses"]
    assert semicolon["proxies"] == comma["proxies"]


def test_columns_that_are_not_recognised_are_asked_for_with_the_option(tmp_path: Path) -> None:
    file = written(tmp_path / "odd.csv", ("a", "b", "c"), [[1, 2, 3], [2, 3, 4]])
    ended = judge(file)
    assert ended.code == 2
    assert "--score" in ended.errors
    assert "Traceback" not in ended.errors


def test_several_columns_together_are_a_hypothesis(tmp_path: Path) -> None:
    header = ("lr", "optimizer", "epochs", "seed", "loss")
    rows = [
        [rate, name, epochs, seed, rate + len(name) / 10 + seed / 100]
        for rate in (0.1, 0.2)
        for name in ("sgd", "adam")
        for epochs in (1, 4)
        for seed in range(2)
    ]
    said = found(
        written(tmp_path / "grid.csv", header, rows),
        "--hypothesis",
        "lr,optimizer",
        "--baseline",
        "lr=0.1 optimizer=sgd",
    )
    assert said["goal"] == "Minimize"
    assert said["baseline"] == "lr=0.1 optimizer=sgd"
    assert len(said["hypotheses"]) == 4


def test_one_seed_of_each_gets_the_plain_agreement_and_what_more_would_take(tmp_path: Path) -> None:
    rows = [row for row in wandb_rows() if row[3] == 0]
    ended = judge(written(tmp_path / "one.csv", WANDB, rows))
    text = " ".join(ended.output.split())
    assert "It takes two runs or more of each, on both arms" in text
    assert "epochs 3 tau" in text
    assert "Trusted" not in text


def test_a_report_and_markdown_are_written_on_request(tmp_path: Path) -> None:
    ended = judge(RECORDED, "--baseline", "SVC_linear", "--report", tmp_path / "report.html", "-o", "markdown")
    assert ended.code == 0
    assert f"Written: {tmp_path / 'report.html'}" in ended.errors
    assert "SVC_rbf" in (tmp_path / "report.html").read_text()
    assert ended.output.startswith("### Assay: recorded.csv")
    assert "| **SVC" in ended.output.replace("\\", "")


def test_where_keeps_rows_and_a_value_that_is_not_there_is_refused(tmp_path: Path) -> None:
    header = ("hypothesis", "arm", "seed", "cost", "score", "data")
    rows = [
        [name, arm, seed, 9 if arm == "full" else 1, seed + len(name) * (data == "x"), data]
        for name in ("a", "bb", "ccc")
        for arm in ("full", "part")
        for seed in (0, 1)
        for data in ("x", "y")
    ]
    file = written(tmp_path / "two.csv", header, rows)
    assert judge(file).code == 2
    assert found(file, "--where", "data=x")["hypotheses"][0]["name"] == "ccc"
    assert "data" in judge(file, "--where", "data=z").errors


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        (["--goal", "up"], "--goal: given 'up'; allowed: maximize or minimize"),
        (["--threshold", "1.5"], "--threshold: given 1.5; allowed: a tau above 0 and below 1"),
        (["--reference", "9"], "--reference: given '9'; allowed: an arm of the table: 168, 337, 674, 1347"),
        (["--baseline", "SVC_lin"], "did you mean SVC_linear?"),
        (["--where", "size"], "--where: given 'size'; allowed: NAME=VALUE"),
        (["--score", "accuracy"], "accuracy"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(arguments: list[str], want: str) -> None:
    ended = judge(RECORDED, *arguments)
    assert ended.code == 2
    assert want in ended.errors


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    ended = judge(tmp_path / "none.csv")
    assert ended.code == 2
    assert "none.csv" in ended.errors

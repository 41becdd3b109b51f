"""The commands beside `run`, each on real input, read as a person reads them."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay_trainer.contract import Dataset
from assay_trainer.data import open_dataset
from builders.datasets import tiny_arrays, tiny_dataset
from builders.image_files import save_idx, save_images
from builders.toy_project import STUDY, a_hypothesis, a_project, assay, results, run, write_manifests

VISION = STUDY.replace("toy_team:train", "assay_trainer.vision:train").replace(
    "deadlineSeconds: 30", "deadlineSeconds: 60, recipe: {width: 4, batchSize: 16, bf16: true}"
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A project whose study has run to its end, and the status that it ended with."""
    project = a_project(tmp_path_factory.mktemp("finished") / "project")
    done = run(project)
    assert done.returncode == 0, done.stderr
    return project, json.loads(done.stdout)


# ----------------------------------------------------------------------------- plan


def test_plan_says_what_a_study_takes_and_what_it_can_certify_and_runs_nothing(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    said = run(project, "plan")
    assert said.returncode == 0, said.stderr
    assert "Study toy: 4 hypotheses × 2 arms × 2 seeds = 16 trials" in said.stdout
    assert re.search(r"^short +8 +8 +25 % +unknown", said.stdout, re.M)
    assert "not known before a trial has run; at a guess that of 10 reference trials" in said.stdout
    assert re.search(r"^  0\.\d\d with 4 hypotheses  <- this study", said.stdout, re.M)
    assert not (project / ".assay/store").exists()


def test_plan_of_a_finished_study_says_that_nothing_is_open(finished: tuple[Path, dict[str, Any]]) -> None:
    said = run(finished[0], "plan")
    assert "Nothing is open" in said.stdout
    assert re.search(r"^short +8 +0 +\d+ % +\d\.\d\d", said.stdout, re.M)


# ----------------------------------------------------------------------------- report


def test_report_shows_tables_and_says_that_it_found_nothing_where_nothing_ran(tmp_path: Path) -> None:
    said = run(a_project(tmp_path / "project"), "report")
    assert said.returncode == 0, said.stderr
    assert "Not done yet (TrialsOpen): 0 of 16 trials succeeded." in said.stdout
    assert "Nothing has been spent yet." in said.stdout


def test_report_writes_html_that_needs_no_network_as_the_files_name_says(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    project, _ = finished
    said = run(project, "report", "--to", "out/report.html")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "Written: out/report.html\n")
    text = (project / "out" / "report.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert all(f">h{number}<" in text for number in range(4))
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", text)


def test_report_as_json_is_the_status_that_the_run_ended_with(finished: tuple[Path, dict[str, Any]]) -> None:
    project, ended = finished
    status = json.loads(run(project, "report", "-o", "json").stdout)
    of_run_alone = {"report", "ledger", "conditions"}
    assert {k: v for k, v in status.items() if k != "conditions"} == {
        k: v for k, v in ended.items() if k not in of_run_alone
    }
    told = [[(each["type"], each["status"], each["message"]) for each in x["conditions"]] for x in (status, ended)]
    assert told[0] == told[1]


def test_report_as_markdown_has_the_answers_and_the_tables(finished: tuple[Path, dict[str, Any]]) -> None:
    said = run(finished[0], "report", "-o", "markdown").stdout
    assert said.startswith("### Assay: toy\n\n**Hypotheses.** ")
    assert "\n| rank | hypothesis | accuracy | against the baseline | verdict | cost | seeds |\n| --- |" in said
    assert re.search(r"^\| short \| [\d.-]+ \[", said, re.M)


def test_a_terminal_that_lacks_a_character_gets_a_question_mark(
    finished: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    said = run(finished[0], "plan")
    assert said.returncode == 0, said.stderr
    assert "Study toy: 4 hypotheses ? 2 arms ? 2 seeds = 16 trials" in said.stdout


def test_report_names_a_file_that_can_not_be_written(finished: tuple[Path, dict[str, Any]]) -> None:
    said = run(finished[0], "report", "--to", "shards")
    assert (said.returncode, said.stdout) == (2, "")
    assert "--to: given shards (Is a directory); allowed: a file that can be written" in said.stderr


# ----------------------------------------------------------------------------- profile


def test_profile_names_the_bottleneck_and_lists_what_each_proxy_and_each_switch_brings(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    coreset = VISION.replace("epochs: 1}", "epochs: 1}, {name: coreset, dataPercent: 50, subset: EL2N}")
    write_manifests(project, coreset, a_hypothesis("h0", "As it is."))
    said = run(project, "profile", "--repeats", "1")
    assert said.returncode == 0, said.stderr
    for name in ("reference", "short", "coreset", "bf16 off", "channelsLast off"):
        assert re.search(rf"^{name} +\d+\.\d\d +\d+\.\d\dx +[\d,]+ *$", said.stdout, re.M), said.stdout
        shares = re.search(rf"^{name} +((\d+ % *){{7}})$", said.stdout, re.M)
        assert shares, said.stdout
        assert 95 <= sum(map(int, re.findall(r"\d+", shares[1]))) <= 105
    assert re.search(
        r"^Bottleneck: (data wait|copy|forward|backward|optimizer|evaluation|other), \d+ %", said.stdout, re.M
    )
    for name, risk in (
        ("short", "another run"),
        ("bf16 off", "rounding only"),
    ):
        row = rf"^{name} +\d+\.\d\dx +[+-]\d\.\d{{4}} +– +{risk}"
        assert re.search(row, said.stdout, re.M), said.stdout
    assert re.search(r"Best proxy: (short|coreset), ", said.stdout)
    assert re.search(r"Not in the table: the EL2N scores of coreset, \d+\.\d+, once for all its trials\.", said.stdout)
    assert re.search(r"Best train-loop switch: (bf16|channelsLast) off, ", said.stdout)
    assert "Intervals are over 1 seed; --repeats 5 makes them much shorter." in said.stdout
    assert "…" not in said.stdout, "nothing is cut off at 80 characters"
    assert "reference, run 1 of 1" in said.stderr
    assert results(project) == {}, "what a profile measures is no trial of the study"


def test_profile_shows_the_layers_and_keeps_a_trace_of_them(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    write_manifests(project, VISION, a_hypothesis("h0", "As it is."))
    said = run(project, "profile", "--repeats", "1", "--layers", "-o", "json")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)

    assert {each["name"] for each in found["levers"]} == {"short", "bf16 off", "channelsLast off"}
    speeds = [each["speedUp"] for each in found["levers"]]
    assert speeds == sorted(speeds, reverse=True)
    assert sum(found["reference"]["shares"].values()) == pytest.approx(1, abs=0.01)
    times = {each["kind"]: each["host"] for each in found["layers"]["kinds"]}
    assert all(times["convolution"][each] > 0 for each in ("forward", "backward"))
    assert times["optimizer"]["forward"] > 0
    trace = Path(found["layers"]["trace"].removeprefix("file://"))
    assert trace.is_relative_to(project / ".assay/store"), "it is there when the profile's own store is gone"
    assert json.loads(gzip.decompress(trace.read_bytes()))["traceEvents"]


# ----------------------------------------------------------------------------- shards


@pytest.mark.parametrize("kind", ["npz", "folder", "idx"])
def test_shards_build_makes_a_data_set_of_every_kind_of_source(tmp_path: Path, kind: str) -> None:
    images, labels = tiny_arrays()
    if kind == "npz":
        np.savez(tmp_path / "digits.npz", x=images, y=labels)
    elif kind == "folder":
        save_images(tmp_path / "digits", images, labels)
    else:
        save_idx(tmp_path / "digits", images, labels, stem="train", packed=True)
    source = "digits.npz" if kind == "npz" else "digits"
    said = assay(tmp_path, "shards", "build", source, "--to", "shards", "--sizes", "8,4")
    assert said.returncode == 0, said.stderr
    place, digest = said.stdout.split("\n")[:2]
    uri, text = place.split(": ")
    assert text == "48 training and 12 held-out images of 3 classes, sizes 4, 8"
    opened = open_dataset(Dataset(manifest=uri, digest=digest))
    assert opened.manifest.name == "digits"
    assert opened.train(4)[0].shape == (48, 4, 4, 1)


@pytest.mark.parametrize(
    ("source", "options", "want"),
    [
        ("nowhere", [], "nowhere: no such file or folder; allowed: a folder of class folders"),
        ("broken.npz", [], "broken.npz: not an .npz file"),
        ("tiny.npz", ["--sizes", "16,8"], "tiny.npz: size 16; allowed: 1 to 8, the size of the images"),
        ("tiny.npz", ["--sizes", "large"], "--sizes: given 'large'; allowed: whole numbers, such as 28,14"),
    ],
)
def test_shards_build_refuses_what_it_can_not_use(tmp_path: Path, source: str, options: list[str], want: str) -> None:
    images, labels = tiny_arrays()
    np.savez(tmp_path / "tiny.npz", x=images, y=labels)
    (tmp_path / "broken.npz").write_bytes((tmp_path / "tiny.npz").read_bytes()[:100])
    said = assay(tmp_path, "shards", "build", source, "--to", "shards", *options)
    assert said.returncode == 2
    assert want in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "shards").exists()


def test_shards_inspect_and_verify_say_what_is_there_and_name_what_is_damaged(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    said = assay(tmp_path, "shards", "inspect", "shards/manifest.json")
    assert "image  image  grey, uint8, sizes 8, 4\n" in said.stdout
    described = json.loads(assay(tmp_path, "shards", "inspect", "shards", "-o", "json").stdout)
    assert described["examples"] == {"train": 48, "held_out": 12}
    whole = assay(tmp_path, "shards", "verify", "shards", "--digest", described["digest"])
    assert (whole.returncode, whole.stderr) == (0, ""), whole.stderr
    assert ": whole: 6 blocks of " in whole.stdout
    (file,) = (tmp_path / "shards" / "train" / "image-4").glob("0*")
    file.write_bytes(file.read_bytes()[:300])
    damaged = assay(tmp_path, "shards", "verify", "shards")
    assert (damaged.returncode, damaged.stdout) == (1, "")
    assert f"assay shards verify: shard train/image-4/{file.name}: cut short, at " in damaged.stderr
    assert assay(tmp_path, "shards", "inspect", "nowhere").returncode == 2


@pytest.fixture
def odd_photos(tmp_path: Path) -> Path:
    """A folder with parts in capitals, and with what else lies in people's folders."""
    images, labels = tiny_arrays()
    save_images(tmp_path / "photos" / "Train", images, labels)
    save_images(tmp_path / "photos" / "TEST", images[:12], labels[:12])
    save_images(tmp_path / "photos" / "val", images[:6], labels[:6])
    (tmp_path / "photos" / "Train" / "class-0" / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "photos" / "notes.txt").write_text("blurred")
    return tmp_path / "photos"


def test_shards_build_says_what_it_leaves_out(odd_photos: Path) -> None:
    said = assay(odd_photos.parent, "shards", "build", "photos", "--to", "shards")
    assert said.returncode == 0, said.stderr
    assert ": 60 training and 12 held-out images of 3 classes, sizes 8\n" in said.stdout
    note, *left_out = said.stderr.splitlines()
    assert note.startswith(
        "Note: of the two parts beside the training part, `TEST` is held out (--hold-out validation "
    )
    assert left_out == [
        "Left out: 6 images of the part `val` (val/class-0/000.png, …)",
        "Left out: 1 hidden or system files (Train/class-0/._0.png)",
        "Left out: 1 .txt files, which are no images (notes.txt)",
        "Left out in all: 8, of 3 kinds.",
    ]
    asked = ("--to", "others", "--hold-out", "validation", "-o", "json")
    other = json.loads(assay(odd_photos.parent, "shards", "build", "photos", *asked).stdout)
    assert (other["training"], other["heldOut"], other["sizes"], other["name"]) == (60, 6, [8], "photos")
    assert other["leftOut"][0] == {
        "kind": "images of the part `TEST`",
        "count": 12,
        "examples": ["TEST/class-0/000.png"],
    }
    assert other["manifest"] == (odd_photos.parent / "others" / "manifest.json").as_uri()


def test_shards_build_refuses_images_that_can_not_be_used_unless_they_may_be_skipped(odd_photos: Path) -> None:
    bomb = odd_photos / "Train" / "class-1" / "bomb.png"
    header = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big"))
    said = assay(odd_photos.parent, "shards", "build", "photos", "--to", "shards")
    assert (said.returncode, said.stdout) == (2, "")
    assert "1 of 73 images can't be used:\n  Train/class-1/bomb.png: " in said.stderr
    assert "--skip-unreadable builds without them" in said.stderr
    assert "Traceback" not in said.stderr
    again = assay(odd_photos.parent, "shards", "build", "photos", "--to", "shards", "--skip-unreadable")
    assert again.returncode == 0, again.stderr
    assert "Left out: 1 images that can't be used (Train/class-1/bomb.png: " in again.stderr


# ----------------------------------------------------------------------------- the rest


def test_crds_are_written_and_a_difference_is_found(tmp_path: Path) -> None:
    written = assay(tmp_path, "crds", "--folder", "here")
    assert written.stdout.splitlines() == ["here/hypotheses.yaml", "here/proxystudies.yaml"]
    assert assay(tmp_path, "crds", "--folder", "here", "--check").returncode == 0
    file = tmp_path / "here" / "hypotheses.yaml"
    file.write_text(file.read_text().replace("statement", "claim"))
    said = assay(tmp_path, "crds", "--folder", "here", "--check")
    assert said.returncode == 1
    assert said.stderr.startswith("here/hypotheses.yaml differs from the models")


def test_the_charts_copy_of_the_crds_is_written_and_compared_where_there_is_a_chart(tmp_path: Path) -> None:
    assert assay(tmp_path, "crds").stdout.splitlines() == ["crds/hypotheses.yaml", "crds/proxystudies.yaml"]
    (tmp_path / "charts" / "assay").mkdir(parents=True)
    said = assay(tmp_path, "crds", "--check")
    assert said.returncode == 1
    assert [line.split()[0] for line in said.stderr.splitlines()] == [
        "charts/assay/files/crds/hypotheses.yaml",
        "charts/assay/files/crds/proxystudies.yaml",
    ]
    assay(tmp_path, "crds")
    assert assay(tmp_path, "crds", "--check").returncode == 0


def test_the_program_says_its_version_and_its_commands(tmp_path: Path) -> None:
    assert assay(tmp_path, "--version").stdout == f"assay {version('assay')}\n"
    said = assay(tmp_path, "--help").stdout
    for name in ("validate", "plan", "run", "replay", "profile", "report", "shards", "crds"):
        assert f" {name} " in said
    assert "Exit codes: 0 done, 1 the study failed, 2 bad input, 130 interrupted." in said


def test_the_program_starts_without_what_only_some_commands_need() -> None:
    code = "import assay.cli.program, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "assay.cli.program" in loaded
    assert set(loaded) & {"altair", "vl_convert", "torch", "scipy.stats", "polars", "PIL"} == set()

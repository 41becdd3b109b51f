# ruff: noqa: E501 - a table is read by its columns
from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from assay.api.checks.check import check_study
from assay.api.errors import InvalidInput, Problem
from assay.api.reading import yaml_documents
from assay.api.reading.load import Manifests, load_manifests
from assay.api.resources import ProxyStudy
from builders.manifests import EVERY_FIELD_YAML, HYPOTHESIS_YAML, STUDY_YAML


def load(folder: Path, **files: str) -> Manifests:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_manifests(folder)


def test_the_path_of_data_that_the_function_reads_is_relative_to_its_file(tmp_path: Path) -> None:
    text = STUDY_YAML.replace("manifest: data/manifest.json", 'uri: ../a table.csv, version: "2026-01-31"')
    dataset = load(tmp_path, study=text).studies[0].spec.dataset
    assert (dataset.uri, dataset.version) == ((tmp_path.parent / "a table.csv").resolve().as_uri(), "2026-01-31")
    text = STUDY_YAML.replace("manifest: data/manifest.json", 'uri: "hf://datasets/org/name", version: main@8a1f')
    assert load(tmp_path, study=text).studies[0].spec.dataset.uri == "hf://datasets/org/name"


def problems(folder: Path, **files: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        load(folder, **files)
    return caught.value.problems


def the_problem(folder: Path, **files: str) -> Problem:
    (problem,) = problems(folder, **files)
    return problem


def test_a_file_of_several_documents_gives_studies_and_hypotheses(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(f"{STUDY_YAML}---\n# nothing here\n---\n{HYPOTHESIS_YAML}")
    manifests = load_manifests(file)
    assert [each.name for each in manifests.studies] == ["digits"]
    assert [each.name for each in manifests.hypotheses] == ["baseline"]


def test_a_folder_is_read_recursively_in_the_order_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for path, name in [("c.yml", "three"), ("b/x.yaml", "two"), ("a.yaml", "one"), ("notes.txt", "none")]:
        (tmp_path / path).write_text(HYPOTHESIS_YAML.replace("baseline", name))
    assert [each.name for each in load_manifests(tmp_path).hypotheses] == ["one", "two", "three"]


def test_relative_inputs_are_found_from_the_manifests_folder_and_uris_stay(tmp_path: Path) -> None:
    given = "entrypoint: team.train:run\n    inputs: [table.npz, ../shared/words, /absolute, 's3://b/c']"
    study = load(tmp_path, study=STUDY_YAML.replace("entrypoint: team.train:run", given), one=HYPOTHESIS_YAML).studies[
        0
    ]
    want = (tmp_path / "table.npz", tmp_path.parent / "shared/words", Path("/absolute"))
    assert study.spec.trainer.inputs == (*(each.as_uri() for each in want), "s3://b/c")


def test_a_relative_data_set_is_found_from_the_manifests_folder(tmp_path: Path) -> None:
    want = (tmp_path / "data" / "manifest.json").resolve().as_uri()
    assert load(tmp_path, study=STUDY_YAML).studies[0].spec.dataset.manifest == want


def test_every_field_of_the_schema_can_be_written(tmp_path: Path) -> None:
    manifests = load(tmp_path, all=EVERY_FIELD_YAML)
    (study,), (hypothesis,) = manifests.studies, manifests.hypotheses
    assert set(study.to_dict()["spec"]) == {each.alias for each in type(study.spec).model_fields.values()}
    assert check_study(study, manifests.hypotheses) == ()
    assert hypothesis.spec.dataset is not None
    assert hypothesis.spec.dataset.manifest == (tmp_path.parent / "cleaned" / "manifest.json").resolve().as_uri()
    assert ProxyStudy.model_validate(study.to_dict()) == study


@pytest.mark.parametrize("uri", ["s3://bucket/digits/manifest.json", "file:///data/manifest.json"])
def test_the_uri_of_a_data_set_stays_as_it_is(tmp_path: Path, uri: str) -> None:
    manifests = load(tmp_path, study=STUDY_YAML.replace("data/manifest.json", uri))
    assert manifests.studies[0].spec.dataset.manifest == uri


def test_a_status_in_a_manifest_is_ignored(tmp_path: Path) -> None:
    assert load(tmp_path, study=STUDY_YAML + "status: {nonsense: 1}\n").studies[0].status is None


def test_numbers_of_a_recipe_are_read_as_kubernetes_tools_read_them(tmp_path: Path) -> None:
    recipe = "{a: 1e-3, b: 5, c: 1.5, d: 2026-01-31, e: '1e-3', f: -.5, g: 0x10, h: 1:30, i: 2e4, j: true, k: null}"
    manifests = load(tmp_path, one=HYPOTHESIS_YAML.replace("as it is.", f"as it is., recipe: {recipe}"))
    want = {"a": 1e-3, "b": 5, "c": 1.5, "d": "2026-01-31", "e": "1e-3", "f": -0.5, "g": 16, "h": "1:30", "i": 2e4}
    assert manifests.hypotheses[0].spec.recipe == {**want, "j": True, "k": None}


def test_broken_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    problem = the_problem(tmp_path, study="kind: ProxyStudy\nspec: {a: [1, 2\n")
    assert problem.where == f"{tmp_path}/study.yaml:3:1"
    assert "broken YAML" in problem.given


def test_what_comes_before_and_beside_broken_yaml_is_checked_too(tmp_path: Path) -> None:
    found = problems(tmp_path, one="kind: Nonsense\n---\nspec: [\n", two="")
    assert [problem.path for problem in found] == ["apiVersion", "kind", "", ""]


ALIASES_OF_ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 8)}]\n" for level in range(1, 12)
)
"""Twelve lines that stand for 70 000 million values."""


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", "an empty file"),
        ("# only a comment\n---\n", "an empty file"),
        ("a: &x [*x]\n", "values nested too deeply, or within themselves"),
        (ALIASES_OF_ALIASES, "more than 100,000 values, aliases written out"),
        ("- a\n- b\n", "a list of 2"),
        ("just text", '"just text"'),
        ("a: \x00", "the character U+0000 (at character 3)"),
        ("a: !!binary aGk=\n", "a YAML bytes"),
        ("a: .nan\n", "nan"),
        ("on: 1\n", "the key true"),
    ],
)
def test_text_that_is_no_manifest_is_refused(tmp_path: Path, text: str, given: str) -> None:
    assert the_problem(tmp_path, study=text).given == given


def test_a_file_without_an_end_is_refused_and_a_pipe_is_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_manifests(Path("/dev/zero"))
    (problem,) = refused.value.problems
    assert (problem.given, problem.allowed) == ("a file of more than 32 MiB", "at most 32 MiB in one file")
    end, start = os.pipe()
    os.write(start, HYPOTHESIS_YAML.encode())
    os.close(start)
    assert len(load_manifests(Path(f"/dev/fd/{end}")).hypotheses) == 1
    os.close(end)


def test_a_document_with_too_many_values_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_documents, "MOST_VALUES", 100)
    problem = the_problem(tmp_path, study="a: [" + "a,\n" * 110 + "}")  # the end is no YAML
    assert (problem.where, problem.given) == (
        f"{tmp_path}/study.yaml:98",
        "more than 100 values, aliases written out",
    )


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_bytes(b"kind: \xff")
    assert the_problem(tmp_path).given == "bytes that are no text (at byte 6)"


def test_an_object_of_a_strange_type_is_refused_as_broken_yaml(tmp_path: Path) -> None:
    assert "python/object" in the_problem(tmp_path, study="a: !!python/object:os.system {}").given


def test_a_path_where_nothing_is_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    assert the_problem(tmp_path).given == "a folder without manifests"
    with pytest.raises(InvalidInput, match="a path where nothing is"):
        load_manifests(tmp_path / "missing.yaml")


def test_a_key_given_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    problem = the_problem(tmp_path, study=STUDY_YAML + "  metric: {name: loss}\n")
    assert (problem.path, problem.given) == ("spec.metric", "the key twice, in lines 10 and 15")


def test_merge_keys_are_not_keys_given_twice(tmp_path: Path) -> None:
    text = HYPOTHESIS_YAML.replace("{name: baseline", "{<<: {labels: {}}, name: baseline")
    assert load(tmp_path, one=text).hypotheses[0].metadata.labels == {"backlog": "vision"}


def test_names_given_twice_are_named_with_both_places(tmp_path: Path) -> None:
    problem = the_problem(tmp_path, one=HYPOTHESIS_YAML, two=HYPOTHESIS_YAML)
    assert problem.path == "metadata.name"
    assert problem.where.startswith(f"{tmp_path}/two.yaml:3")
    assert problem.given == f'"baseline", as in {tmp_path}/one.yaml:1'


def test_a_study_and_a_hypothesis_may_share_a_name(tmp_path: Path) -> None:
    assert load(tmp_path, one=HYPOTHESIS_YAML, two=STUDY_YAML.replace("digits", "baseline")).studies


@pytest.mark.parametrize(
    ("old", "new", "path", "given", "allowed", "nearest"),
    [
        ("kind: ProxyStudy", "kind: ProxyStudies", "kind", '"ProxyStudies"', "Hypothesis or ProxyStudy", "ProxyStudy"),
        ("kind: ProxyStudy", "kind: [1]", "kind", "a list of 1", "Hypothesis or ProxyStudy", None),
        ("kind: ProxyStudy\n", "", "kind", "nothing", "Hypothesis or ProxyStudy", None),
        ("assay.dev/v1alpha1", "apps/v1", "apiVersion", '"apps/v1"', "assay.dev/v1alpha1", None),
        ("assay.dev/v1alpha1", "assay.dev/v1", "apiVersion", '"assay.dev/v1"', "assay.dev/v1alpha1", "assay.dev/v1alpha1"),
        ("apiVersion", "apiversion", "apiVersion", "nothing", "assay.dev/v1alpha1", "apiversion"),
        ("subset: Random", "subset: random", "spec.proxies[0].subset", '"random"', "Random, RS2, EL2N, CCS or Custom", "Random"),
        ("dataPercent: 25", "dataPrecent: 25", "spec.proxies[0].dataPrecent", "an unknown field", "name, epochs", "dataPercent"),
        ("dataPercent: 25", "data_percent: 25", "spec.proxies[0].data_percent", "an unknown field", "name", "dataPercent"),
        ("dataPercent: 25", "dataPercent: 250", "spec.proxies[0].dataPercent", "250", "a whole number of 1 to 100", None),
        ("dataPercent: 25", 'dataPercent: "25"', "spec.proxies[0].dataPercent", '"25"', "a whole number of 1 to 100", None),
        ("dataPercent: 25", "dataPercent: true", "spec.proxies[0].dataPercent", "true", "a whole number", None),
        ("epochs: 20", "epochs: 2.5", "spec.reference.epochs", "2.5", "a whole number", None),
        ("epochs: 20", "epochs: many", "spec.reference.epochs", "\"many\"", "a whole number", None),
        ('"0.002"', "0.002", "spec.metric.smallestEffect", "0.002", "a decimal number of 0 or more in quotes", None),
        ('"0.002"', '"much"', "spec.metric.smallestEffect", '"much"', "a decimal number of 0 or more in quotes", None),
        ("team.train:run", "team.train.run", "spec.trainer.entrypoint", '"team.train.run"', "module:function", None),
        ("name: digits", "name: My Digits", "metadata.name", '"My Digits"', "lower-case letters", None),
        ("{name: digits}", "[]", "metadata", "a list of 0", "an object with the fields name, namespace, labels", None),
        ("{name: digits}", "{name: digits, lables: {}}", "metadata.lables", "an unknown field", "name", "labels"),
        ("data/manifest.json", "gs://x/manifest.json", "spec.dataset.manifest", '"gs://x/manifest.json"', "file:///", None),
        ("manifest: data/manifest.json", "version: 3", "spec.dataset.version", "3", 'letters, digits and ._:@+/- in quotes, such as "3"', None),
        ("manifest: data/manifest.json", 'version: ""', "spec.dataset.version", '""', "letters, digits", None),
        ("manifest: data/manifest.json", 'uri: "http:", version: "1"', "spec.dataset.uri", '"http:"', "a URI with its scheme", None),
        ("manifest: data/manifest.json", 'url: s3://a/b, version: "1"', "spec.dataset.url", "an unknown field", "manifest, uri, version", "uri"),
        ("recipe: {learningRate: 0.4}", "recipe: fast", "spec.trainer.recipe", '"fast"', "an object", None),
        ("recipe: {learningRate: 0.4}", "suspend: 1", "spec.trainer.suspend", "an unknown field", "image, revision", None),
        ("  metric: {name: accuracy,", "  metrics: {name: accuracy,", "spec.metrics", "an unknown field", "question", "metric"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_was_given_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, path: str, given: str, allowed: str, nearest: str | None
) -> None:
    text = STUDY_YAML.replace(old, new)
    assert text != STUDY_YAML
    problem = next(each for each in problems(tmp_path, study=text) if each.path == path)
    assert (problem.given, problem.nearest) == (given, nearest)
    assert problem.allowed.startswith(allowed)


def test_all_that_is_wrong_is_said_at_once_with_file_line_and_resource(tmp_path: Path) -> None:
    text = STUDY_YAML.replace("Random", "Randon").replace("epochs: 20", "epochs: many")
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, study=text, zoo="kind: Zoo\napiVersion: assay.dev/v1alpha1\n")
    file = f"{tmp_path}/study.yaml"
    assert str(caught.value).splitlines() == [
        f'{file}:11 (ProxyStudy/digits): spec.reference.epochs: given "many"; allowed: a whole number of 1 to 1000000',
        f'{file}:13 (ProxyStudy/digits): spec.proxies[0].subset: given "Randon"; allowed: Random, RS2, EL2N, CCS or Custom; did you mean Random?',
        f'{tmp_path}/zoo.yaml:1: kind: given "Zoo"; allowed: Hypothesis or ProxyStudy',
    ]


def test_a_quantity_is_a_whole_number_or_text(tmp_path: Path) -> None:
    overlay = 'podTemplate: {resources: {limits: {cpu: 2, memory: "8Gi", gpu: 1.5}}}'
    text = STUDY_YAML.replace("recipe: {learningRate: 0.4}", overlay)
    problem = the_problem(tmp_path, study=text)
    assert problem.path == "spec.trainer.podTemplate.resources.limits.gpu"
    assert (problem.given, problem.allowed) == ("1.5", "a whole number of at most 64 bits, or text")


@pytest.mark.parametrize("key", ["", "a b", "-a", "x" * 64, f"{'x' * 254}/a"])
def test_a_label_whose_key_kubernetes_does_not_take_is_a_problem(tmp_path: Path, key: str) -> None:
    (tmp_path / "hypothesis.yaml").write_text(HYPOTHESIS_YAML.replace("{backlog: vision}", json.dumps({key: "a"})))
    with pytest.raises(InvalidInput) as raised:
        load_manifests(tmp_path)
    (problem,) = raised.value.problems
    assert problem.path == f"metadata.labels.{key}"
    assert problem.allowed.startswith("a label's key")


def test_a_recipe_in_a_file_may_not_be_nested_beyond_measure(tmp_path: Path) -> None:
    recipe = "[" * 150 + "]" * 150
    text = HYPOTHESIS_YAML.replace("is.}", f"is., recipe: {{layers: {recipe}}}}}")
    (tmp_path / "hypothesis.yaml").write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_manifests(tmp_path)
    (problem,) = raised.value.problems
    assert (problem.path, problem.given) == ("spec.recipe.layers[0]", "values nested too deeply")


def test_of_a_list_with_a_wrong_item_only_the_item_is_said_to_be_wrong(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^  proxies:.*(\n  - .*)*", "  proxies: [{name: early, readAt: {epochs: [0]}}]", STUDY_YAML)
    assert "epochs: [0]" in text
    problem = the_problem(tmp_path, study=text)
    assert (problem.path, problem.given) == ("spec.proxies[0].readAt.epochs[0]", "0")

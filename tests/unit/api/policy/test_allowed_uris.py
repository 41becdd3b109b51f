"""Which URIs studies may name, by the name alone."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.api.policy import AllowedUris, not_allowed
from assay.api.policy.policy import Policy
from assay.api.policy.uris import wrong_prefix
from assay.api.resources import DatasetReference, TrainerOverride, TrainerSpec
from assay_trainer.objects import open_objects, split_object_uri
from builders.manifests import a_hypothesis, a_proxy_study

IN_A_BUCKET = AllowedUris.of("s3://bucket/assay")
ON_A_VOLUME = AllowedUris.of("file:///volume/results")


@pytest.mark.parametrize(
    ("allowed", "uri"),
    [
        (IN_A_BUCKET, "s3://bucket/datasets/digits/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/assay/vision/digits/manifest.json"),
        (AllowedUris.of("s3://bucket"), "s3://bucket/datasets/manifest.json"),
        (AllowedUris.of("s3://bucket"), "s3://bucket/vision/manifest.json"),
        (ON_A_VOLUME, "file:///volume/datasets/digits/manifest.json"),
        (ON_A_VOLUME, "file:///volume/results/vision/manifest.json"),
        (ON_A_VOLUME, "file://localhost/volume/datasets/manifest.json"),
        (ON_A_VOLUME, "file:///volume//./x/../datasets/%6danifest.json"),
        (ON_A_VOLUME, "file:///volume/datasets/donn\u00e9es%20du%20mois/manifest.json"),
        (AllowedUris.of("file:///results"), "file:///datasets/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://other"]), "s3://other/anything/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://other/"]), "s3://other/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://b/of-{namespace}/"]), "s3://b/of-vision/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://of-{namespace}"]), "s3://of-vision/manifest.json"),
        (AllowedUris.of("s3://x/y", ["file:///shared"]), "file:///shared/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://b/one/manifest.json"]), "s3://b/one/manifest.json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_below_a_prefix_may_be_named(allowed: AllowedUris, uri: str) -> None:
    assert allowed.allows(uri, "vision")


@pytest.mark.parametrize(
    ("allowed", "uri"),
    [
        (IN_A_BUCKET, "file:///proc/self/environ"),
        (IN_A_BUCKET, "file:///dev/zero"),
        (IN_A_BUCKET, "file:///bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/database/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets-of-others/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/Datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/assay/speech/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/assay/vision-2/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/assay/manifest.json"),
        (IN_A_BUCKET, "s3://bucket//datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/./datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets/../assay/speech/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets/%2e%2e/assay/speech/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets%2F..%2Fassay/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/%64atasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket.datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket2/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://BUCKET/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://other@bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket:80/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket?/datasets/manifest.json"),
        (IN_A_BUCKET, "s3://bucket/datasets/x?versionId=1/manifest.json"),
        (IN_A_BUCKET, "s3://bucket#/datasets/manifest.json"),
        (IN_A_BUCKET, "S3://bucket/datasets/manifest.json"),
        (IN_A_BUCKET, " s3://bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "s3:///bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "s3:bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "gs://bucket/datasets/manifest.json"),
        (IN_A_BUCKET, "http://169.254.169.254/latest/meta-data"),
        (IN_A_BUCKET, ""),
        (ON_A_VOLUME, "file:///volume/datasets/../results/speech/manifest.json"),
        (ON_A_VOLUME, "file:///volume/datasets/%2e%2e/%2E%2E/etc/passwd"),
        (ON_A_VOLUME, "file:///volume/datasets/..%2f..%2f..%2fetc%2fpasswd"),
        (ON_A_VOLUME, "file:///volume/datasets%00/../../etc/passwd"),
        (ON_A_VOLUME, "file:///volume/results/speech/manifest.json"),
        (ON_A_VOLUME, "file:///volume/results/manifest.json"),
        (ON_A_VOLUME, "file:///volume/datasets-of-others/manifest.json"),
        (ON_A_VOLUME, "file:///Volume/datasets/manifest.json"),
        (ON_A_VOLUME, "file:///etc/passwd?/volume/datasets/manifest.json"),
        (ON_A_VOLUME, "file:///volume/datasets/x#/../manifest.json"),
        (ON_A_VOLUME, "file://elsewhere/volume/datasets/manifest.json"),
        (ON_A_VOLUME, "file:///volume/data\u0455ets/manifest.json"),
        (ON_A_VOLUME, "file:///vol\nume/datasets/manifest.json"),
        (ON_A_VOLUME, "FILE:///volume/datasets/manifest.json"),
        (ON_A_VOLUME, "file:volume/datasets/manifest.json"),
        (ON_A_VOLUME, "/volume/datasets/manifest.json"),
        (ON_A_VOLUME, "s3://volume/datasets/manifest.json"),
        (AllowedUris.of("s3://b/datasets"), "s3://b/datasets/speech/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://b/of-{namespace}"]), "s3://b/of-speech/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://other/z"]), "s3://x/datasets/manifest.json"),
        (AllowedUris.of("s3://x/y", ["s3://other/z"]), "s3://x/y/vision/manifest.json"),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_whatever_is_not_below_a_prefix_may_not_be_named(allowed: AllowedUris, uri: str) -> None:
    assert not allowed.allows(uri, "vision")


PIECES = [
    "datasets",
    "results",
    "vision",
    "x",
    "..",
    ".",
    "",
    "%2e%2e",
    "%2F",
    "%2f..%2f",
    "?",
    "#",
    "%00",
    "é",
    " ",
    "\\",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from(["file:///volume/", "file://localhost/volume/"]))
def test_of_files_only_what_is_below_a_prefix_is_read_whatever_is_written(pieces: list[str], start: str) -> None:
    uri = f"{start}datasets/{'/'.join(pieces)}/manifest.json"
    if not ON_A_VOLUME.allows(uri, "vision"):
        return
    folder, name = split_object_uri(uri)
    read = os.path.normpath(f"{unquote(urlsplit(open_objects(folder).uri).path)}/{name}")
    assert read.startswith(("/volume/datasets/", "/volume/results/vision/"))


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from(["s3://bucket/", "s3://bucket2/", "s3://b/"]))
def test_of_a_bucket_only_what_is_below_a_prefix_is_read_whatever_is_written(pieces: list[str], start: str) -> None:
    uri = f"{start}{'/'.join([*pieces, 'manifest.json'])}"
    folder, name = split_object_uri(uri)
    try:
        read = f"{open_objects(folder).uri}/{name}"
    except ValueError:
        return
    below = read.startswith(("s3://bucket/datasets/", "s3://bucket/assay/vision/"))
    assert IN_A_BUCKET.allows(uri, "vision") == below


def test_where_links_lead_counts_but_for_those_of_the_installation_itself() -> None:
    links = {"file:///volume/results": "file:///mnt/a", "file:///volume/datasets": "file:///mnt/b"}
    links |= {"file:///volume/results/vision/out": "file:///etc", "file:///volume/results/vision/in": "file:///mnt/b/x"}

    def follow(uri: str) -> str:
        for link, target in sorted(links.items(), reverse=True):
            if uri == link or uri.startswith(f"{link}/"):
                return target + uri.removeprefix(link)
        return uri

    def allows(uri: str) -> bool:
        return ON_A_VOLUME.allows(f"file:///volume/{uri}/manifest.json", "vision", follow)

    assert allows("datasets/digits")
    assert allows("results/vision")
    assert allows("results/vision/in")
    assert not allows("results/vision/out")
    links["file:///volume/results/vision"] = "file:///etc"  # the whole folder of the namespace is one, and not ours
    assert not allows("results/vision")


def test_the_answer_is_the_same_whatever_is_there_and_names_field_value_and_what_is_allowed() -> None:
    def follow(uri: str) -> str:
        raise AssertionError("of what is outside nothing is looked at")

    study = a_proxy_study(namespace="vision", dataset=DatasetReference(manifest="file:///proc/self/environ"))
    hypothesis = a_hypothesis("cleaned", dataset=DatasetReference(manifest="s3://bucket/assay/speech/manifest.json"))
    problems = not_allowed(study, [a_hypothesis("baseline"), hypothesis], Policy(IN_A_BUCKET), follow)
    said = "what is below s3://bucket/datasets/ or s3://bucket/assay/vision/, as whoever installed Assay has set"
    assert [str(problem) for problem in problems] == [
        f'ProxyStudy/digits: spec.dataset.manifest: given "file:///proc/self/environ"; allowed: {said}',
        f'Hypothesis/cleaned: spec.dataset.manifest: given "s3://bucket/assay/speech/manifest.json"; allowed: {said}',
    ]


def test_inputs_are_held_against_the_same_prefixes_and_paths_are_left_to_who_says_what_they_are() -> None:
    trainer = TrainerSpec(entrypoint="team:train", inputs=("s3://bucket/datasets/a.txt", "table.npz", "s3://other/b"))
    own = a_hypothesis("own", trainer=TrainerOverride(inputs=("file:///proc/self/environ",)))
    problems = not_allowed(a_proxy_study(namespace="vision", trainer=trainer), [own], Policy(IN_A_BUCKET))
    assert [(problem.where, problem.path, problem.given) for problem in problems[1:]] == [
        ("ProxyStudy/digits", "spec.trainer.inputs[2]", '"s3://other/b"'),
        ("Hypothesis/own", "spec.trainer.inputs[0]", '"file:///proc/self/environ"'),
    ]


def test_an_answer_fits_a_condition_however_long_the_uri_and_the_list_are() -> None:
    allowed = AllowedUris(tuple(f"s3://bucket/{index}/of-{{namespace}}" for index in range(100)))
    said = str(allowed.problem(f"Hypothesis/{'n' * 63}", "spec.dataset.manifest", "s3://b/" + "x" * 1000, "vision"))
    assert len(said) <= 512
    assert "s3://bucket/1/of-vision/ or " in said
    assert said.endswith("more prefixes, as whoever installed Assay has set")
    long = AllowedUris((f"s3://bucket/{'x' * 300}", "s3://bucket/y"))
    assert long.in_words("vision").startswith("what is below s3://bucket/xxx")


@pytest.mark.parametrize(
    "prefix", ["s3://bucket", "s3://b-{namespace}/x", "s3://b/x/", "file:///folder", "file:///a%2Cb"]
)
def test_a_prefix_is_a_bucket_or_a_folder(prefix: str) -> None:
    assert wrong_prefix(prefix) is None


@pytest.mark.parametrize(
    "prefix",
    [
        "bucket", "s3://", "s3://b/*", "s3://b/{team}/x", "s3://b/{namespace", "s3://b//x", "s3://b/../x", "s3://b?x",
        "file:///", "file:///..", "file:///a/../", "file://host/x", "file:x", "https://b/x", "/folder",
    ],
)  # fmt: skip
def test_what_is_neither_is_none(prefix: str) -> None:
    assert wrong_prefix(prefix) is not None

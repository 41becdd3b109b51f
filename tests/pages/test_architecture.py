"""docs/architecture.md says of the code what is so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from assay.planning.records.trust_records import Revocation
from assay.planning.results.edit_recording import edits_to_record
from assay.planning.study.requests import trial_request
from assay.store import Ledger
from assay.store.layout import kept_trace_name
from assay_trainer.contract import (
    CodeIngredients,
    PerExample,
    WorkRequest,
    checkpoint_name,
    chosen_folder,
    chosen_name,
    examples_name,
    layers_name,
    preparation_name,
    preparation_scores_name,
    result_name,
    trace_name,
)
from assay_trainer.objects import MemoryObjects
from builders.looks import seen
from builders.manifests import a_proxy
from builders.studies import CODE, a_failure, a_study, records_of_scores
from pages.markdown import ROOT, page

ARCHITECTURE = page(ROOT / "docs" / "architecture.md")


def floors(package: str) -> list[set[str]]:
    """The layers that import-linter checks within a package, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
    return [set(re.findall(r"\w+", layer)) for layer in layers]


def rows(heading: str) -> Iterator[str]:
    """First cells of the tables below a heading."""
    section = re.split(r"^#+ ", ARCHITECTURE.text, flags=re.MULTILINE)
    text = next(each for each in section if each.startswith(heading))
    for line in text.splitlines()[1:]:
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def test_packages_are_on_the_floors_that_the_linter_checks() -> None:
    found: list[set[str]] = []
    for line in ARCHITECTURE.text.splitlines():
        if floor := re.match(r"\| *(\d?) *\| `(\w+)/` \|", line):
            if floor[1]:
                found.append(set())
            found[-1].add(floor[2])
    assert found == floors("assay")


def test_floors_of_planning_and_ranking_are_those_that_the_linter_checks() -> None:
    for package in ("planning", "ranking"):
        named = {name.removesuffix("/").removesuffix(".py") for name in rows(f"Inside {package}")}
        want = {f"{package}/{name}" for floor in floors(f"assay.{package}") for name in floor}
        assert folders_among(want) <= named <= want, "modules may be left out"


def test_every_folder_that_is_a_floor_is_named() -> None:
    for package in ("api", "controller", "runners/jobs"):
        floor = {f"{package}/{name}" for floor in floors(f"assay.{package.replace('/', '.')}") for name in floor}
        assert {f"{name}/" for name in folders_among(floor)} <= set(rows("Inside the resources"))


def folders_among(names: set[str]) -> set[str]:
    return {name for name in names if (ROOT / "operator" / "assay" / name).is_dir()}


def test_objects_of_a_store_have_the_names_that_the_page_says() -> None:
    objects = MemoryObjects()
    ledger, study = Ledger(objects), a_study(name="study")
    item = trial_request(study, study.design.trials[0], 1)
    ledger.put_request("study", WorkRequest(store=ledger.uri, items=(item,)), started_at=0.0)
    ledger.put_failure(a_failure(item.key))
    ledger.forgive(item.key, 1)
    ledger.put_criteria("study", "f" * 32, {})
    edits = edits_to_record(study, records_of_scores(study, lambda trial: 0.5), 1.0)
    ledger.put_edit_record("study", edits[0])
    ledger.put_program("study", CodeIngredients(code=CODE))
    ledger.put_trust_record(
        "study", Revocation(rests_on="f" * 32, made_at=0, arm="a", stratum="", audited=1, message="")
    )
    correct = PerExample(kind="correct", examples=2, kept=2, mean=0.5, digest=f"sha256:{'f' * 64}")
    per_example = [correct, correct.model_copy(update={"kind": "loss"})]
    ledger.put_look_record(seen(a_study(proxies=(a_proxy(),)), "short"))
    ledger.put_retried("study", "please")
    ledger.put_document("study", "trials", "json", b"{}")
    ledger.put_document("study", "reports", "html", b"")
    written = [
        *objects.list(""),
        checkpoint_name(item.key, 1),
        *(name(item.key) for name in (result_name, preparation_name, preparation_scores_name)),
        *(name(item.key) for name in (layers_name, trace_name)),
        kept_trace_name("study", item.key, b""),
        *(examples_name(item.key, values) for values in per_example),
        chosen_name(item.model_copy(update={"preparation": item.key}), 28),
        f"{chosen_folder(item.model_copy(update={'preparation': item.key}))}/fields/00000-{'f' * 16}.arrow",
    ]

    def as_on_the_page(name: str) -> str:
        name = name.replace(item.key, "KEY").replace("studies/study/", "studies/STUDY/")
        name = re.sub(r"^requests/[0-9a-f]+", "requests/ID", name)
        name = re.sub(r"(?<=certificates/)[^/]+(?=\.json)", "NAME", name)
        name = re.sub(r"(?<=looks/)([0-9a-f]+)/[^/]+(?=\.json)", r"\1/NAME", name)
        return re.sub(r"[0-9a-f]{12,}", "DIGEST", name)

    assert sorted(map(as_on_the_page, written)) == sorted(rows("The store's layout"))

"""What a schema can't say of the data sets of a study and its hypotheses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.api.arms import arms_of
from assay.api.credentials import WITHOUT_CREDENTIALS, has_credentials
from assay.api.errors import Problem
from assay.api.resources import DatasetReference, Hypothesis, ProxyStudy
from assay.api.selection import select_hypotheses
from assay_trainer.contract import StatedDataset

VISION = "assay_trainer.vision:train"
"""The train function that Assay brings. It reads shards alone."""


def wrong_datasets(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    """Yield what is wrong with data sets, and what a study asks of those that the train function reads by itself."""
    # one that the study does not select would be refused by the API server all the same
    malformed = [
        problem for resource, dataset in _named(study, hypotheses) for problem in _malformed(_where(resource), dataset)
    ]
    if malformed:
        yield from malformed
        return
    selected = select_hypotheses(study, hypotheses)
    stated = [(resource, dataset) for resource, dataset in _named(study, selected) if dataset.version is not None]
    if stated:
        # of each thing that they can't have it is said once, by the first resource that has such data
        yield from _without_shards(study, _where(stated[0][0]), stated[0][0] is study)
        yield from _read_by_vision(study, selected)
        yield from _one_version_of_two(stated)


def _named(
    study: ProxyStudy, hypotheses: Sequence[Hypothesis]
) -> Sequence[tuple[ProxyStudy | Hypothesis, DatasetReference]]:
    """Return the study and the hypotheses that name a data set, each with what it names."""
    own = [(each, each.spec.dataset) for each in hypotheses if each.spec.dataset is not None]
    return [(study, study.spec.dataset), *own]


def _malformed(where: str, dataset: DatasetReference) -> Iterator[Problem]:
    if dataset.uri is not None and has_credentials(dataset.uri):
        # nothing else is said of it, which would say it, too
        yield Problem(
            where, "spec.dataset.uri", "a URI with a password, a token or a signature in it", WITHOUT_CREDENTIALS
        )
    elif dataset.manifest is not None and dataset.version is not None:
        allowed = "either a manifest, or a version for data that the train function reads by itself"
        yield Problem(where, "spec.dataset", "both a manifest and a version", allowed)
    elif dataset.uri is not None and dataset.version is None:
        allowed = 'a version beside uri, such as version: "1", which says what the data are; uri is no manifest'
        yield Problem(where, "spec.dataset.version", f'nothing, beside uri "{dataset.uri}"', allowed)
    elif dataset.manifest is None and dataset.version is None:
        allowed = (
            'manifest: … for shards, or version: "1" (and uri: …) for data that the train function reads by itself'
        )
        yield Problem(where, "spec.dataset", "neither a manifest nor a version", allowed)


def _without_shards(study: ProxyStudy, who: str, is_study: bool) -> Iterator[Problem]:
    """Yield what only a data set with a manifest can give."""
    whose = "this data set" if is_study else f"the data set of {who}"
    sized = [("spec.reference", study.spec.reference.image_size)]
    sized += [(f"spec.proxies[{index}]", each.image_size) for index, each in enumerate(study.spec.proxies)]
    for path, size in sized:
        if size is not None:
            allowed = (
                f"no imageSize: {whose} has no manifest, and the train function reads it by itself; what it can read "
                f"smaller, a patch of the recipe says, such as recipe: {{imageSize: {size}}}"
            )
            yield Problem(_where(study), f"{path}.imageSize", str(size), allowed)
    for arm in arms_of(study):
        if arm.fidelity.takes_subset and arm.fidelity.subset != "Random":
            allowed = f"Random: {whose} has no manifest, so that trial.keep alone chooses among its examples"
            yield Problem(_where(study), f"spec.proxies[{arm.proxy}].subset", arm.fidelity.subset, allowed)


def _read_by_vision(study: ProxyStudy, selected: Sequence[Hypothesis]) -> Iterator[Problem]:
    """Yield, once for each data set, where Assay's own train function would have to read what is no shards."""
    said = set()
    for hypothesis in selected:
        own = hypothesis.spec.trainer
        entrypoint = (own.entrypoint if own is not None else None) or study.spec.trainer.entrypoint
        named = [each for each in (hypothesis, study) if each.spec.dataset and each.spec.dataset.version is not None]
        if entrypoint == VISION and named and (where := _where(named[0])) not in said:
            said.add(where)
            allowed = (
                f"a manifest, as `assay shards build` writes it: {_where(hypothesis)} is trained by {VISION}, which "
            )
            yield Problem(where, "spec.dataset", "a version without a manifest", f"{allowed}reads nothing else")


def _one_version_of_two(stated: Sequence[tuple[ProxyStudy | Hypothesis, DatasetReference]]) -> Iterator[Problem]:
    """Yield data sets that keys would take for one: the same name and version, at two places."""
    first: dict[str, tuple[ProxyStudy | Hypothesis, DatasetReference]] = {}
    for resource, dataset in stated:
        assert dataset.version is not None, "stated are those that have one"
        known = StatedDataset(uri=dataset.uri, version=dataset.version)
        other, there = first.setdefault(known.digest, (resource, dataset))
        if there.uri != dataset.uri:
            given = f'"{dataset.version}" of {dataset.uri}, which {_where(other)} has of {there.uri}'
            named = f"the name {known.name} and the version" if known.name else "the version"
            allowed = f"another version if they are other data, else the same uri: {named} alone tell data apart"
            yield Problem(_where(resource), "spec.dataset.version", given, allowed)


def _where(resource: ProxyStudy | Hypothesis) -> str:
    return f"{resource.kind}/{resource.name}"

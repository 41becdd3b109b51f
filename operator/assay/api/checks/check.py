"""What a schema can't say of a study and its hypotheses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assay.api.arms import Arm, arms_of
from assay.api.checks.data import VISION, wrong_datasets
from assay.api.checks.device_requests import too_few_devices
from assay.api.checks.lengths import wrong_lengths
from assay.api.checks.pod_security import weaknesses
from assay.api.checks.shared_memory import wrong_shared_memory
from assay.api.checks.subsets import wrong_subset
from assay.api.checks.variables import wrong_variables
from assay.api.decimals import decimal_value
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.reading.words import one_of
from assay.api.resources import (
    MOST_PROXIES,
    REFERENCE,
    Hypothesis,
    OnFailure,
    ProxyArm,
    ProxyStudy,
    RankedBy,
    TrustStatistic,
)
from assay.api.selection import select_hypotheses
from assay_trainer.contract import DatasetManifest, ExamplesManifest

_LEAST_THRESHOLD = {TrustStatistic.DECISION_ACCURACY: 0.5}
"""The value that guessing gives, where it is not 0: a threshold at or below it would certify nothing."""


_LONGEST_NAME = 63

VISION_METRICS = ("accuracy", "loss")
"""The metrics that Assay's own train function reports after each epoch and at the end."""


def check_study(
    study: ProxyStudy, hypotheses: Sequence[Hypothesis], dataset: DatasetManifest | ExamplesManifest | None = None
) -> tuple[Problem, ...]:
    """Return everything that is wrong with a study and the hypotheses beside it; nothing if it can be run.

    `dataset` is the manifest of the study's data set; without it, what needs it is not checked.
    """
    problems = [
        *_repeated_hypotheses(study, hypotheses),
        *_unknown_baseline(study, hypotheses),
        *_selector_of_nothing(study, hypotheses),
        *_families_of_nobody(study, hypotheses),
        *_trainers_of_hypotheses(hypotheses),
        *_trainer(study),
        *_seeds(study),
        *_threshold(study),
        *wrong_lengths(study),
        *_failure_score(study),
        *_screening_without_proxies(study),
        *wrong_datasets(study, hypotheses),
    ]
    repeated = list(_repeated_arms(study))
    # Arms are told apart by name, so with a name given twice there is nothing more to say of them.
    problems += repeated or [*_too_many_arms(study), *_proxies(study)]
    if dataset is not None:
        problems += _image_sizes(study, dataset)
    return tuple(problems)


def checked(
    study: ProxyStudy, hypotheses: Iterable[Hypothesis], dataset: DatasetManifest | ExamplesManifest | None = None
) -> None:
    """Check the same things. Raises InvalidInput with all that is wrong."""
    if problems := check_study(study, tuple(hypotheses), dataset):
        raise InvalidInput(problems)


def _where(resource: ProxyStudy | Hypothesis) -> str:
    return f"{resource.kind}/{resource.name}"


def _repeated_hypotheses(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    for name, count in Counter(each.name for each in select_hypotheses(study, hypotheses)).items():
        if count > 1:
            yield Problem(f"Hypothesis/{name}", "metadata.name", f"{count} hypotheses of this name", "each name once")


def _unknown_baseline(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    baseline, names = study.spec.hypotheses.baseline, sorted({each.name for each in hypotheses})
    if baseline not in names:
        allowed = f"the name of a hypothesis ({', '.join(names[:20])}{', …' if names[20:] else ''})"
        given = f'"{baseline}"' if names else f'"{baseline}", and there is no hypothesis at all'
        yield Problem(_where(study), "spec.hypotheses.baseline", given, allowed, nearest(baseline, names))


def _selector_of_nothing(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    selector = study.spec.hypotheses.selector
    if selector is not None and not any(selector.matches(each.metadata.labels) for each in hypotheses):
        labels = sorted({f"{key}={value}" for each in hypotheses for key, value in each.metadata.labels.items()})
        there = f"there are {', '.join(labels[:20])}" if labels else "the hypotheses have none"
        given = "labels that no hypothesis has"
        yield Problem(_where(study), "spec.hypotheses.selector", given, f"labels of hypotheses ({there})")


def _families_of_nobody(study: ProxyStudy, hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    label, selected = study.spec.hypotheses.cluster_by, select_hypotheses(study, hypotheses)
    if label is None or not selected or any(label in each.metadata.labels for each in selected):
        return
    labels = sorted({key for each in selected for key in each.metadata.labels})
    there = f"they have {', '.join(labels[:20])}" if labels else "they have none"
    given = f'"{label}", which no hypothesis of the study has'
    allowed = f"a label of its hypotheses ({there})"
    yield Problem(_where(study), "spec.hypotheses.clusterBy", given, allowed, nearest(label, labels))


def _trainers_of_hypotheses(hypotheses: Sequence[Hypothesis]) -> Iterator[Problem]:
    for each in hypotheses:
        if (own := each.spec.trainer) is None:
            continue
        if own.image and "@sha256:" not in own.image:
            yield Problem(_where(each), "spec.trainer.image", f'"{own.image}"', "an image by digest (name@sha256:…)")
        yield from wrong_variables(_where(each), own.environment)
        yield from _repeated(_where(each), "spec.trainer.inputs", own.inputs or ())


def _trainer(study: ProxyStudy) -> Iterator[Problem]:
    trainer = study.spec.trainer
    if trainer.image and "@sha256:" not in trainer.image and not trainer.revision:
        allowed = "an image by digest (name@sha256:…), or by tag together with spec.trainer.revision"
        yield Problem(_where(study), "spec.trainer.image", f'"{trainer.image}"', allowed)
    yield from wrong_variables(_where(study), trainer.environment)
    yield from _repeated(_where(study), "spec.trainer.inputs", trainer.inputs or ())
    if trainer.packing.at_once > trainer.packing.trials:
        allowed = f"at most spec.trainer.packing.trials, which is {trainer.packing.trials}"
        yield Problem(_where(study), "spec.trainer.packing.atOnce", str(trainer.packing.at_once), allowed)
    for field, given, allowed in (*wrong_shared_memory(trainer), *too_few_devices(trainer)):
        yield Problem(_where(study), f"spec.trainer.{field}", given, allowed)
    if (template := trainer.pod_template) is not None:
        env, secrets = ([each.name for each in listed] for listed in (template.env, template.image_pull_secrets))
        yield from _repeated(_where(study), "spec.trainer.podTemplate.env", env, ".name")
        yield from _repeated(_where(study), "spec.trainer.podTemplate.imagePullSecrets", secrets, ".name")
        for field, given, allowed in weaknesses(template):
            yield Problem(_where(study), f"spec.trainer.podTemplate.{field}", given, allowed)


def _repeated(where: str, field: str, names: Sequence[str], of: str = "") -> Iterator[Problem]:
    """Yield what is repeated in a list whose items are told apart by name, which is the field `of` of each."""
    for index, name in enumerate(names):
        if name in names[:index]:
            path = f"{field}[{index}]{of}"
            yield Problem(where, path, f'"{name}", as in [{names.index(name)}]', "each name once")


def _seeds(study: ProxyStudy) -> Iterator[Problem]:
    seeds = study.spec.seeds
    if seeds.initial > seeds.maximum:
        allowed = f"a whole number of 2 to spec.seeds.maximum, which is {seeds.maximum}"
        yield Problem(_where(study), "spec.seeds.initial", str(seeds.initial), allowed)


def _threshold(study: ProxyStudy) -> Iterator[Problem]:
    trust = study.spec.trust
    least = _LEAST_THRESHOLD.get(trust.statistic, 0)
    if not least < decimal_value(trust.threshold) < 1:
        allowed = f'a decimal string above "{least}" and below "1" for {trust.statistic}'
        yield Problem(_where(study), "spec.trust.threshold", f'"{trust.threshold}"', allowed)


def _failure_score(study: ProxyStudy) -> Iterator[Problem]:
    metric = study.spec.metric
    if (metric.on_failure is OnFailure.SCORE) == (metric.failure_score is not None):
        return
    given = f'"{metric.failure_score}"' if metric.failure_score is not None else "nothing"
    allowed = f"a decimal string with onFailure Score, and only then; onFailure is {metric.on_failure}"
    yield Problem(_where(study), "spec.metric.failureScore", given, allowed)


def _screening_without_proxies(study: ProxyStudy) -> Iterator[Problem]:
    if study.spec.screening is not None and not study.spec.proxies:
        yield Problem(_where(study), "spec.screening", "an object", "screening only together with proxies to screen on")


def _repeated_arms(study: ProxyStudy) -> Iterator[Problem]:
    names = [REFERENCE, *(arm.name for arm in arms_of(study)[1:])]
    for index, proxy in enumerate(study.spec.proxies):
        epochs = proxy.read_at.epochs if proxy.read_at else ()
        for at, epoch in enumerate(epochs):
            if epoch in epochs[:at]:
                yield Problem(
                    _where(study), f"spec.proxies[{index}].readAt.epochs[{at}]", str(epoch), "each epoch once"
                )
    for place, arm in enumerate(arms_of(study)[1:], 1):
        if arm.name in names[:place]:
            allowed = "a name that no other arm has (the reference's is reference)"
            yield Problem(_where(study), f"spec.proxies[{arm.proxy}].name", f'"{arm.name}"', allowed)


def _too_many_arms(study: ProxyStudy) -> Iterator[Problem]:
    arms = len(arms_of(study)) - 1
    if arms > MOST_PROXIES:
        given = f"{arms} proxies, where each epoch of readAt is one"
        yield Problem(_where(study), "spec.proxies", given, f"at most {MOST_PROXIES}")


def _proxies(study: ProxyStudy) -> Iterator[Problem]:
    """Yield the proxies that can't be cheaper. What a recipe patch saves, only the measured cost can tell."""
    reference, *proxies = arms_of(study)
    for place, arm in enumerate(proxies):
        assert arm.proxy is not None, "only the reference is of no proxy"
        proxy, path = study.spec.proxies[arm.proxy], f"spec.proxies[{arm.proxy}]"
        of_vision = study.spec.trainer.entrypoint == VISION
        yield from _reading(_where(study), path, study.spec.metric, proxy, arm, of_vision=of_vision)
        if not place or proxies[place - 1].proxy != arm.proxy:  # once for all epochs that are read
            yield from _dearer(_where(study), path, reference, proxy, arm)
            yield from wrong_subset(_where(study), path, proxy, arm)
        same = next((other.name for other in [reference, *proxies[:place]] if _alike(arm, other)), None)
        if same is not None:
            given = f'"{arm.name}", which runs exactly what {same} runs'
            allowed = (
                "another epochs, steps, imageSize, batchSize, dataPercent, subset, subsetEntrypoint, "
                "hardestPercentLeftOut, recipe, readAt or metric than other arms"
            )
            yield Problem(_where(study), path, given, allowed)


def _reading(
    where: str, path: str, metric: RankedBy, proxy: ProxyArm, arm: Arm, *, of_vision: bool
) -> Iterator[Problem]:
    """Yield what is wrong with where on its curve an arm is read, and by which metric."""
    if len(arm.name) > _LONGEST_NAME:
        given = f'"{proxy.name}", which makes the name of an arm {arm.name}'
        yield Problem(where, f"{path}.name", given, f"a name that makes one of at most {_LONGEST_NAME} characters")
    if arm.read_at is not None and arm.fidelity.steps is None and arm.read_at >= arm.fidelity.epochs:
        allowed = f"below the epochs of the run that is read, which are {arm.fidelity.epochs}"
        yield Problem(where, f"{path}.readAt.epochs", str(arm.read_at), allowed)
    if of_vision and arm.metric.name not in VISION_METRICS:
        allowed = f"a metric that assay_trainer.vision:train reports: {one_of(VISION_METRICS)}"
        yield Problem(
            where, f"{path}.metric.name", f'"{arm.metric.name}"', allowed, nearest(arm.metric.name, VISION_METRICS)
        )
    if arm.metric.name == metric.name and arm.metric.goal != metric.goal:
        allowed = f"{metric.goal}, as in spec.metric, whose name is {metric.name}, too"
        yield Problem(where, f"{path}.metric.goal", str(arm.metric.goal), allowed)


def _alike(one: Arm, other: Arm) -> bool:
    of_one, of_other = ((each.fidelity.identity(), each.recipe, each.metric.name) for each in (one, other))
    return of_one == of_other


def _dearer(where: str, path: str, reference: Arm, proxy: ProxyArm, arm: Arm) -> Iterator[Problem]:
    full = reference.fidelity
    for name, value, most in (
        ("epochs", proxy.epochs, full.epochs),
        ("steps", proxy.steps, full.steps),
        ("imageSize", proxy.image_size, full.image_size),
        ("dataPercent", proxy.data_percent, full.data_percent),
    ):
        if value is not None and most is not None and value > most:
            yield Problem(where, f"{path}.{name}", str(value), f"at most the reference's, which is {most}")
    if full.steps is None and proxy.batch_size and full.batch_size and proxy.batch_size < full.batch_size:
        # Half the batch with a quarter of the data is a sound proxy; half the batch alone takes twice the steps.
        steps = arm.fidelity.epochs * arm.fidelity.data_percent * full.batch_size
        if steps > full.epochs * full.data_percent * proxy.batch_size:
            allowed = (
                f"{full.batch_size} (the reference's) or more; "
                "less only if fewer epochs or less data keep the steps of the whole run at or below the reference's"
            )
            yield Problem(where, f"{path}.batchSize", str(proxy.batch_size), allowed)


def _image_sizes(study: ProxyStudy, dataset: DatasetManifest | ExamplesManifest) -> Iterator[Problem]:
    there = sorted(set(dataset.train.sizes) & set(dataset.held_out.sizes))
    sizes = [("spec.reference", study.spec.reference.image_size)]
    sizes += [(f"spec.proxies[{index}]", proxy.image_size) for index, proxy in enumerate(study.spec.proxies)]
    for path, size in sizes:
        if size is not None and not dataset.has_size(size):
            known = f"1 to {max(there)}" if dataset.has_size(1) else one_of([str(each) for each in there])
            allowed = f"an image size that the data set {dataset.name} has: {known}"
            if not there:
                allowed = f"none: the data set {dataset.name} has no images"
            yield Problem(_where(study), f"{path}.imageSize", str(size), allowed)

"""Results of a study that no longer count, and what has changed since they were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from assay.api.bounds import shortened
from assay.api.decimals import decimal_string
from assay.api.resources import StaleWork
from assay.planning.records.earlier import NOTHING_EARLIER
from assay.planning.results.code_changes import changes_of_code
from assay.planning.results.data_changes import change_of_data
from assay_trainer.contract import Input, TrialRequest, TrialResult

if TYPE_CHECKING:
    from assay.planning.records.earlier import Earlier
    from assay.planning.records.records import Records
    from assay.planning.study.design import TrialCondition
    from assay.planning.study.study import Study

MOST_CAUSES = 6
MOST_NAMES = 3
"""How many names are listed with each cause."""

NO_RECORD_OF_CODE = "code of which there is no record"
NOT_LOOKED_UP = "recipe, fidelity, inputs or variables"
"""What may have changed, if code and data are the present ones and the request was not read."""


class UnexplainedResult(NamedTuple):
    """A result that no longer counts, and only its request tells why, or what its data were."""

    key: str
    hypothesis: str
    arm: str


def stale_results(study: Study, records: Records) -> list[TrialResult]:
    """Return the results of trials that the study once started and its design no longer has, the latest first."""
    design = study.design.arm_of
    found = [each.result for key, each in records.items() if key not in design and isinstance(each.result, TrialResult)]
    return sorted(found, key=lambda result: (-result.provenance.started_at, result.key))


def unexplained_results(study: Study, records: Records) -> list[UnexplainedResult]:
    """Return the results that only their requests explain: the latest one of each hypothesis on each arm whose code and
    data are the present ones, and one for each data set that is no longer the present one."""
    latest: dict[tuple[str, str], UnexplainedResult] = {}
    of_data: dict[tuple[str, str], UnexplainedResult] = {}
    for result in stale_results(study, records):
        condition = study.design.conditions.get((result.hypothesis, result.arm))
        if condition is None:
            continue
        place, made = (result.hypothesis, result.arm), result.provenance
        if made.dataset != condition.dataset.identity:
            of_data.setdefault((made.dataset, condition.dataset.identity), UnexplainedResult(result.key, *place))
        if made.held_out is not None and made.held_out != study.definition.dataset.identity:
            of_data.setdefault((made.held_out, ""), UnexplainedResult(result.key, *place))
        elif not any(_of_results(study, result, condition, NOTHING_EARLIER)):
            latest.setdefault(place, UnexplainedResult(result.key, *place))
    return list(dict.fromkeys([*of_data.values(), *latest.values()]))


def stale_work(study: Study, records: Records) -> StaleWork | None:
    """Say which of the study's results no longer count, and since which change; None if all of them count."""
    results = stale_results(study, records)
    if not results:
        return None
    causes = Counter[str]()
    names: dict[str, dict[str, None]] = {}
    told = {(each.hypothesis, each.arm) for each in study.history.earlier.requests.values()}
    for result in results:
        for cause in _causes(study, result, told):
            causes[cause.text] += 1
            names.setdefault(cause.text, {}).update(dict.fromkeys(cause.names))
    texts = [_listed(text, sorted(names[text])) for text, _ in causes.most_common()] or [NOT_LOOKED_UP]
    more = f"; and {len(texts) - MOST_CAUSES} more" if len(texts) > MOST_CAUSES else ""
    seconds = sum(each.cost.charged_seconds for each in results if each.study == study.name)
    return StaleWork(
        results=len(results),
        accelerator_seconds=decimal_string(seconds),
        message=shortened(f"{'; '.join(texts[:MOST_CAUSES])}{more}", 512),
    )


class _Cause(NamedTuple):
    text: str
    names: tuple[str, ...] = ()


def _causes(study: Study, result: TrialResult, told: Container[tuple[str, str]]) -> list[_Cause]:
    """Return why a result no longer counts. `told` are the hypotheses and arms of which a request was read: that of one
    result speaks for the others."""
    design, earlier = study.design, study.history.earlier
    if result.hypothesis not in {each.name for each in study.hypotheses}:
        return [_Cause("hypotheses that the study no longer selects", (result.hypothesis,))]
    if result.arm not in design.arms:
        return [_Cause("arms that the study no longer has", (result.arm,))]
    condition = design.conditions[result.hypothesis, result.arm]
    found = list(_of_results(study, result, condition, earlier))
    request = earlier.requests.get(result.key)
    if request is not None:
        found += _of_request(study, request, condition)
    if found or (result.hypothesis, result.arm) in told:
        return found
    return [_Cause(NOT_LOOKED_UP)]


def _of_results(study: Study, result: TrialResult, condition: TrialCondition, earlier: Earlier) -> Iterator[_Cause]:
    """Yield the changes that the result itself shows."""
    made = result.provenance
    if made.code != condition.code:
        before, now = earlier.programs.get(made.code), earlier.programs.get(condition.code)
        if before is None or now is None:
            yield _Cause(NO_RECORD_OF_CODE)
        else:
            yield from (_Cause(text) for text in changes_of_code(before, now))
    if made.dataset != condition.dataset.identity:
        yield _Cause(f"the training data{change_of_data(earlier.dataset(made.dataset), condition.dataset)}")
    if made.held_out is not None and made.held_out != study.definition.dataset.identity:
        yield _Cause(f"the held-out data{change_of_data(earlier.dataset(made.held_out), study.definition.dataset)}")
    if result.seed not in study.design.seeds:
        yield _Cause("seeds above spec.seeds.maximum")


def _of_request(study: Study, request: TrialRequest, condition: TrialCondition) -> Iterator[_Cause]:
    if request.entrypoint != condition.program.entrypoint:
        yield _Cause(f"the entry point: {request.entrypoint} → {condition.program.entrypoint}")
    if changed := _different(request.recipe, condition.recipe):
        yield _Cause("recipe", changed)
    fidelity = study.design.fidelities[request.arm]
    if changed := _different(request.fidelity.identity(), fidelity.identity()):
        yield _Cause(f"{request.arm}'s", tuple(_FIELDS.get(name, name) for name in changed))
    if request.preparation != condition.preparation:
        yield _Cause("the scores of the core-set")
    yield from _of_inputs(request.inputs, condition.surroundings.inputs)
    if changed := _different(request.environment, condition.surroundings.environment):
        yield _Cause("environment variables", changed)


def _of_inputs(before: Sequence[Input], now: Sequence[Input]) -> Iterator[_Cause]:
    """Yield the changes of inputs. What they hold counts, not where they lie."""
    were, are = [each.digest for each in before], [each.digest for each in now]
    changed = [each.uri for each in now if each.digest not in were] + [e.uri for e in before if e.digest not in are]
    if changed:
        names = [unquote(uri.rstrip("/").rpartition("/")[2]) for uri in changed]
        yield _Cause("inputs", tuple(dict.fromkeys(names)))
    elif were != are:
        yield _Cause("the order of the inputs")


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what is not the same in both; names within objects have dots."""
    found: list[str] = []
    for name in sorted(before.keys() | now.keys()):
        was, is_now = before.get(name, _ABSENT), now.get(name, _ABSENT)
        if isinstance(was, Mapping) and isinstance(is_now, Mapping):
            found += (f"{name}.{inner}" for inner in _different(was, is_now))
        elif was != is_now:
            found.append(name)
    return tuple(found)


_ABSENT = object()

_FIELDS = {
    "image_size": "imageSize",
    "batch_size": "batchSize",
    "data_percent": "dataPercent",
    "subset_entrypoint": "subsetEntrypoint",
    "hardest_percent_left_out": "hardestPercentLeftOut",
}


def _listed(text: str, names: Sequence[str]) -> str:
    """Return a cause with the first of its names, each of them cut if it is long."""
    if not names:
        return text
    more = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{text} ({', '.join(shortened(name, 40) for name in names[:MOST_NAMES])}{more})"

"""One try of a preparation in this process: the scores by which a core-set is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.attempts.cost import Meter
from assay_trainer.attempts.failures import InvalidRequest
from assay_trainer.attempts.provenance import provenance_of
from assay_trainer.attempts.unedited import check_code_unedited, check_inputs_unedited
from assay_trainer.code.entrypoint import load_entrypoint
from assay_trainer.contract import PreparationRequest, PreparationResult
from assay_trainer.data import OpenedDataset, open_dataset
from assay_trainer.device import device_model, seed_everything, use_device
from assay_trainer.preparation import SEED, Preparation
from assay_trainer.ranks.place import ALONE, Place
from assay_trainer.subsets.custom import SubsetFunction, as_scores

Prepared = tuple[PreparationResult, NDArray[np.float32]]
"""A result, and the scores that lie beside it, float32 (training examples,)."""


def run_preparation(
    request: PreparationRequest,
    meter: Meter,
    threads: int,
    *,
    check_code: bool,
    elsewhere: Mapping[str, str],
    stamps: Mapping[str, str],
    place: Place = ALONE,
) -> Prepared | None:
    """Score the training examples and return the result. The options are as in `harness.attempt`.

    One process does it, whatever the devices: in the others of `place` nothing is done, and None returned.

    Raises what a subset function raises, SubsetUnusable if what it returns can't be used, EntrypointNotFound,
    CodeChanged, InvalidDataset.
    """
    if not place.is_first:
        return None
    place.leave()
    data = open_dataset(request.dataset)
    score = _custom(request, data, check_code, elsewhere) if request.method == "Custom" else _el2n(request, data)
    check_inputs_unedited(request.inputs, stamps, "was edited after the study had begun")
    use_device(meter.device, threads)
    seed_everything(SEED if request.method == "Custom" else 0)
    setup_seconds = meter.wall_seconds
    scores = np.ascontiguousarray(score(meter.device, threads), dtype="<f4")
    check_inputs_unedited(request.inputs, stamps, "was edited while a preparation ran, which may have read either")
    model = device_model(meter.device)
    result = PreparationResult(
        key=request.key,
        study=request.study,
        arm=request.arm,
        method=request.method,
        examples=len(scores),
        scores_digest=contract.digest(scores.tobytes()),
        cost=meter.cost(model, setup_seconds=setup_seconds, evaluation_seconds=0.0),
        provenance=provenance_of(request, meter, model),
    )
    return result, scores


_Score = Callable[[str, int], NDArray[np.float32]]
"""Takes a device and a number of threads, and returns scores."""


def _el2n(request: PreparationRequest, data: OpenedDataset) -> _Score:
    from assay_trainer.vision.el2n import score_examples  # it needs torch, which others may do without

    return lambda device, _: score_examples(request, data, device=device)


def _custom(request: PreparationRequest, data: OpenedDataset, check_code: bool, elsewhere: Mapping[str, str]) -> _Score:
    entrypoint = request.entrypoint
    if entrypoint is None:
        raise InvalidRequest("entrypoint: given none; allowed: module:function, which the method Custom needs")
    choose: SubsetFunction = load_entrypoint(entrypoint)
    if check_code:  # after the import, so that no edit in between is missed
        check_code_unedited(entrypoint, request.code, elsewhere)
    examples = data.manifest.train.examples
    count = contract.subset_size(examples, request.fidelity.data_percent)

    def score(device: str, threads: int) -> NDArray[np.float32]:
        preparation = Preparation(
            recipe=request.recipe,
            fidelity=request.fidelity,
            examples=examples,
            count=count,
            classes=data.manifest.classes,
            training_data=lambda: data.train(request.fidelity.image_size),
            device=device,
            threads=threads,
        )
        return as_scores(choose(preparation), examples, count, entrypoint)

    return score

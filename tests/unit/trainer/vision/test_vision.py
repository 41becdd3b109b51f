from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from assay_trainer.contract import Fidelity
from assay_trainer.data import PixelStatistics
from assay_trainer.returned import LearningCurve, Wanted
from assay_trainer.shards.shrink import shrink as shrunk_for_shards
from assay_trainer.trial import InvalidRecipe, Trial
from assay_trainer.vision import Recipe, train
from assay_trainer.vision.averaging import Average
from assay_trainer.vision.batches import Normalisation, Resident, TrainingBatches
from assay_trainer.vision.evaluation import batch_of
from assay_trainer.vision.model import build_model
from assay_trainer.vision.muon import Muon
from assay_trainer.vision.optimizers import build_optimizers
from assay_trainer.vision.order import Steps
from assay_trainer.vision.schedule import rate_factor
from assay_trainer.vision.sizes import shrink
from assay_trainer.vision.whitening import Whitening
from builders.datasets import tiny_arrays

CPU = torch.device("cpu")
PLAIN = torch.contiguous_format


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def a_recipe(**keys: Any) -> Recipe:
    return Recipe.model_validate(keys)


def a_vision_trial(
    recipe: Mapping[str, Any], *, seed: int = 0, epochs: int = 2, channels: int = 1, wanted: tuple[int, ...] = ()
) -> Trial:
    data = tiny_arrays(channels=channels)
    return Trial(
        recipe={"width": 4, "depth": 1, "batchSize": 16, **recipe},
        fidelity=Fidelity(epochs=epochs),
        seed=seed,
        classes=("a", "b", "c"),
        training_data=lambda: data,
        held_out=lambda: data,
        learning_curve=LearningCurve(Wanted(wanted, ("accuracy",))),
    )


def batches_of(
    recipe: Recipe, images: np.ndarray, batch_size: int = 0, epochs: int = 1, seed: int = 0
) -> TrainingBatches:
    examples = Resident.on(CPU, images, np.arange(len(images)))  # so that a batch says which images it is made of
    steps = Steps.of(Fidelity(epochs=epochs), batch_size or len(images), len(images))
    normalisation = Normalisation(images, CPU)
    return TrainingBatches(examples, recipe, steps, normalisation, PLAIN, seed)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_it_learns_and_a_seed_gives_the_same_bits(optimizer: str) -> None:
    recipe = {"optimizer": optimizer, "learningRate": 0.03, "crop": 0.1, "flip": True, "cutout": 0.3, "dropout": 0.1}
    first, again, other = (a_vision_trial(recipe, seed=seed, epochs=10) for seed in (2, 2, 3))
    metrics = train(first)
    torch.randn(7)  # the state of the global generator must not matter
    assert train(again) == metrics != train(other)
    assert [point.metrics for point in again.curve] == [point.metrics for point in first.curve]
    assert metrics["accuracy"] > 0.6  # by chance it would be a third
    assert first.curve[-1].metrics["loss"] == metrics["loss"]


@pytest.mark.parametrize(
    "recipe",
    [
        {"bf16": True},
        {"channelsLast": False},
        {"batchNorm": False, "gradientClip": 1.0, "learningRate": 0.05},
        {"schedule": "cosine", "labelSmoothing": 0.1, "activation": "gelu"},
        {"schedule": "constant", "averageDecay": 0.9, "activation": "silu"},
        {"imageSizes": [6, 8], "labelSmoothing": 0.05},
        {"whitening": True, "averageDecay": 0.5},
    ],
)
def test_every_switch_learns(recipe: dict[str, Any]) -> None:
    assert train(a_vision_trial(recipe, epochs=6))["accuracy"] > 0.6


def test_it_says_of_each_held_out_example_what_its_metrics_are_the_means_of() -> None:
    trial = a_vision_trial({})
    metrics = train(trial)
    kept, notes = trial.example_values.kept()
    assert not notes
    assert {each.described.kind: each.described.mean for each in kept} == {
        "correct": pytest.approx(metrics["accuracy"]),
        "loss": pytest.approx(metrics["loss"]),
    }


def test_it_is_evaluated_once_at_the_end_unless_a_curve_is_asked_for() -> None:
    usual, asked = a_vision_trial({}, epochs=7), a_vision_trial({"evaluateEvery": 3}, epochs=7)
    assert train(usual) == train(asked)
    assert [point.epoch for point in usual.curve] == [7]
    assert [point.epoch for point in asked.curve] == [3, 6, 7]


def test_epochs_that_are_wanted_are_evaluated_and_change_nothing_else() -> None:
    recipe = {"crop": 0.1, "flip": True, "dropout": 0.1, "averageDecay": 0.9, "schedule": "cosine"}
    usual = a_vision_trial({**recipe, "evaluateEvery": 2}, epochs=8)
    wanted = a_vision_trial({**recipe, "evaluateEvery": 2}, epochs=8, wanted=(1, 3, 7))
    assert train(wanted) == train(usual)
    assert [point.epoch for point in wanted.curve] == [1, 2, 3, 4, 6, 7, 8]
    metrics = {point.epoch: point.metrics for point in wanted.curve}
    assert [metrics[point.epoch] for point in usual.curve] == [point.metrics for point in usual.curve]


def test_colour_images_are_learnt_too() -> None:
    assert train(a_vision_trial({"flip": True}, epochs=6, channels=3))["accuracy"] > 0.6


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_a_step_moves_every_weight(optimizer: str, autocast: bool, channels_last: bool) -> None:
    recipe = a_recipe(optimizer=optimizer, width=4)
    torch.manual_seed(0)
    model = build_model(recipe, 3, 3)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = build_optimizers(recipe, model)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        logits = model(torch.randn(8, 3, 8, 8))
    torch.nn.functional.cross_entropy(logits.float(), torch.arange(8) % 3).backward()  # type: ignore[no-untyped-call]
    for each in optimizers:
        each.step()
        each.zero_grad()

    unmoved = [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
    assert not unmoved
    assert all(weight.grad is None for weight in model.parameters())


def test_muon_updates_a_filter_alike_in_either_memory_format() -> None:
    updated = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        recipe = a_recipe(optimizer="muon", width=4)
        model = build_model(recipe, 3, 3).to(memory_format=memory_format)  # type: ignore[call-overload]
        optimizers = build_optimizers(recipe, model)
        for weight in model.parameters():
            gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))
            weight.grad = torch.empty_like(weight).copy_(gradient)  # laid out like its weight, as autograd does it
        for each in optimizers:
            each.step()
        updated.append([weight.detach().contiguous() for weight in model.parameters()])

    for plain, last in zip(*updated, strict=True):
        torch.testing.assert_close(plain, last, rtol=0, atol=1e-4)  # Newton-Schulz computes in bfloat16


def test_muon_computes_as_torch_does_of_matrices_and_takes_those_of_one_shape_together() -> None:
    torch.manual_seed(0)
    start = [torch.randn(shape) for shape in ((6, 4, 3, 3), (6, 4, 3, 3), (40, 2, 2, 2))]
    ours, theirs = ([torch.nn.Parameter(each.clone()) for each in start] for _ in range(2))
    matrices = [torch.nn.Parameter(each.detach().flatten(1)) for each in theirs]
    mine = Muon(ours, lr=0.1, weight_decay=0.3, momentum=0.9, nesterov=True)
    its = torch.optim.Muon(
        matrices, lr=0.1, weight_decay=0.3, momentum=0.9, nesterov=True, adjust_lr_fn="match_rms_adamw"
    )
    for step in range(3):
        for weight, matrix in zip(ours, matrices, strict=True):
            weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(step))
            matrix.grad = weight.grad.flatten(1)
        mine.step()
        its.step()  # type: ignore[no-untyped-call]
    for weight, matrix in zip(ours, matrices, strict=True):
        torch.testing.assert_close(weight.flatten(1), matrix, rtol=0, atol=3e-3)  # Newton-Schulz is in bfloat16


def test_whitened_patches_have_variance_one_along_each_axis_and_stay_as_they_are() -> None:
    torch.manual_seed(0)
    images = torch.randn(400, 3, 6, 6)
    images[:, 1] = images[:, 0] + 0.5 * images[:, 1]
    layer = Whitening(3)
    layer.fit(images)
    flat = layer(images).transpose(0, 1).flatten(1)
    torch.testing.assert_close(flat[:12] @ flat[:12].T / flat.shape[1], torch.eye(12), rtol=0, atol=0.01)
    torch.testing.assert_close(flat[:12], -flat[12:])
    assert [weight.requires_grad for weight in layer.parameters()] == [False, True]


@pytest.mark.parametrize("switch", ["compile", "cudaGraphs"])
def test_a_switch_that_the_device_does_not_have_is_refused(switch: str) -> None:
    with pytest.raises(InvalidRecipe, match=f"recipe.{switch}: given True; allowed on cpu: false"):
        train(a_vision_trial({switch: True}))


def test_whitening_of_images_without_a_patch_is_refused() -> None:
    with pytest.raises(
        InvalidRecipe, match=r"recipe.whitening: given True; allowed for images of 1 pixel a side: false"
    ):
        train(a_vision_trial({"whitening": True, "imageSizes": [1, 8]}))


def test_fewer_examples_are_evaluated_at_a_time_where_their_maps_are_large() -> None:
    assert batch_of("cpu", a_recipe(), 28) == 500
    assert batch_of("cpu", a_recipe(architecture="resnet9"), 224) == 20
    assert batch_of("cpu", a_recipe(width=1024), 8192) == 1
    assert batch_of("cuda", a_recipe(architecture="resnet9"), 32) == 10_000


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_biases_and_norms_are_not_decayed(optimizer: str) -> None:
    model = build_model(a_recipe(width=4), 1, 3)
    for each in build_optimizers(a_recipe(optimizer=optimizer, weightDecay=0.1), model):
        for group in each.param_groups:
            assert group["weight_decay"] == (0.1 if group["params"][0].ndim > 1 else 0.0)


@pytest.mark.parametrize("side", [1, 7, 28])
@pytest.mark.parametrize("keys", [{"depth": 5, "width": 2}, {"architecture": "resnet9", "width": 2}])
def test_networks_take_images_of_any_side(side: int, keys: dict[str, Any]) -> None:
    model = build_model(a_recipe(**keys), 3, 10)
    assert model(torch.zeros(2, 3, side, side)).shape == (2, 10)


@pytest.mark.parametrize(
    ("recipe", "want"),
    [
        ({"learning_rate": 0.1}, "recipe.learning_rate: no such field; did you mean 'learningRate'?"),
        ({"learningRate": "fast"}, "recipe.learningRate: given 'fast'; Input should be a valid number"),
        ({"learningRate": math.nan}, "recipe.learningRate: given nan; Input should be a finite number"),
        ({"labelSmoothing": 1.5}, "recipe.labelSmoothing: given 1.5; Input should be less than 1"),
        ({"optimizer": "adam"}, "recipe.optimizer: given 'adam'; Input should be 'sgd', 'adamw' or 'muon'"),
        ({"bf16": "yes"}, "recipe.bf16: given 'yes'; Input should be a valid boolean"),
        ({"architecture": "resnet9", "depth": 3}, "depth is of the convnet alone"),
        ({"momentum": 0}, "nesterov needs a momentum above 0"),
    ],
)
def test_a_recipe_that_is_refused_says_field_given_and_allowed(recipe: dict[str, Any], want: str) -> None:
    trial = a_vision_trial({})
    trial.recipe = recipe
    with pytest.raises(InvalidRecipe) as refused:
        train(trial)
    assert want in str(refused.value)


@given(st.sampled_from(["onecycle", "cosine", "constant"]), st.floats(0, 0.99), st.integers(1, 300))
def test_a_schedule_rises_to_its_peak_and_never_rises_again(schedule: str, warm_up: float, steps: int) -> None:
    recipe = a_recipe(schedule=schedule, warmUp=warm_up)
    factors = [rate_factor(recipe, step, steps) for step in range(steps)]
    peak = factors.index(max(factors))
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert peak <= warm_up * steps


@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 5))
def test_batches_are_equal_and_every_example_is_seen_once_in_a_pass(
    examples: int, batch_size: int, epochs: int
) -> None:
    images = np.zeros((examples, 2, 2, 1), np.uint8)
    steps = Steps.of(Fidelity(epochs=epochs), batch_size, examples)
    batches = batches_of(a_recipe(), images, batch_size, epochs)
    seen = [batches.batch(step)[1] for step in range(steps.total)]
    assert {len(labels) for labels in seen} == {min(batch_size, examples)}
    for number, start in enumerate(range(0, steps.total * steps.batch_size, examples)):
        of_pass = torch.cat(seen)[start : start + examples].tolist()
        assert len(set(of_pass)) == len(of_pass), f"pass {number} repeats an example"
    assert abs(steps.total * steps.batch_size - epochs * examples) <= max(steps.batch_size / 2, epochs)


def test_each_epoch_has_its_own_steps_and_none_is_left_out() -> None:
    steps = Steps.of(Fidelity(epochs=4), 16, 60)
    assert [list(steps.of_epoch(epoch)) for epoch in (1, 2, 3, 4)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10],
        [11, 12, 13, 14],
    ]


def test_a_length_in_steps_is_kept_to_the_step() -> None:
    trial = a_vision_trial({})
    trial.fidelity = Fidelity(steps=6, batch_size=16)
    assert train(trial)["accuracy"] > 0
    assert trial.samples == 6 * 16
    assert [point.epoch for point in trial.curve] == [2]  # the second pass over 60 examples was under way
    assert Steps.of(Fidelity(steps=2), 16, 60).ends == (2,)
    assert Steps.of(Fidelity(steps=8), 4, 10).ends == (2, 5, 8)  # and no epoch without a step


def test_a_batch_follows_from_seed_and_step_alone() -> None:
    images, _ = tiny_arrays()
    recipe = a_recipe(flip=True, crop=0.2, cutout=0.3)
    in_order, from_the_middle = (batches_of(recipe, images, 16, epochs=3) for _ in range(2))
    for step in range(7):
        in_order.batch(step)
    for one, other in zip(in_order.batch(7), from_the_middle.batch(7), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(in_order.batch(7)[1], batches_of(recipe, images, 16, epochs=3, seed=1).batch(7)[1])


def test_images_are_normalised_per_channel_over_the_training_split() -> None:
    images, _ = tiny_arrays(channels=3)
    normal = Normalisation(images, CPU)(torch.from_numpy(images), torch.channels_last)
    assert normal.shape == (60, 3, 8, 8)
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(normal.std((0, 2, 3), correction=0), torch.ones(3), rtol=0, atol=1e-4)


def test_a_blank_channel_stays_finite() -> None:
    images = np.full((4, 2, 2, 1), 7, np.uint8)
    assert Normalisation(images, CPU)(torch.from_numpy(images), PLAIN).isfinite().all()
    known = PixelStatistics(np.array([7.0]), np.array([0.0]))
    assert Normalisation(images, CPU, known)(torch.from_numpy(images), PLAIN).isfinite().all()


def test_a_part_of_the_data_is_normalised_as_all_of_them_are() -> None:
    images, _ = tiny_arrays()
    known = PixelStatistics(np.array([100.0]), np.array([50.0]))
    whole = Normalisation(images, CPU, known)(torch.from_numpy(images), PLAIN)
    part = Normalisation(images[:3], CPU, known)(torch.from_numpy(images[:3]), PLAIN)
    assert torch.equal(part, whole[:3])
    torch.testing.assert_close(part.permute(0, 2, 3, 1), torch.from_numpy((images[:3] - np.float32(100)) / 50))


def test_a_trial_is_normalised_by_what_is_known_of_its_data_set() -> None:
    trial, otherwise = a_vision_trial({}), a_vision_trial({})
    otherwise.pixel_statistics = PixelStatistics(np.array([0.0]), np.array([255.0]))
    assert train(trial) != train(otherwise)


def test_flips_mirror_about_half_of_the_images_and_change_nothing_else() -> None:
    images, _ = tiny_arrays()
    plain = Normalisation(images, CPU)(torch.from_numpy(images), torch.channels_last)
    flipped, index = batches_of(a_recipe(flip=True), images).batch(0)
    mirrored = [torch.equal(image, plain[i].flip(-1)) for image, i in zip(flipped, index, strict=True)]
    kept = [torch.equal(image, plain[i]) for image, i in zip(flipped, index, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 15 < sum(mirrored) < 45


def test_alternating_flips_show_the_other_side_in_the_next_pass() -> None:
    images, _ = tiny_arrays()
    plain = Normalisation(images, CPU)(torch.from_numpy(images), PLAIN)
    batches = batches_of(a_recipe(flip="alternating"), images, 16, epochs=4)
    sides: dict[int, list[bool]] = {}
    for step in range(15):
        for image, label in zip(*batches.batch(step), strict=True):
            mirrored = torch.equal(image, plain[label].flip(-1))
            assert mirrored != torch.equal(image, plain[label])
            sides.setdefault(int(label), []).append(mirrored)
    assert all(shown in ([True, False] * 2, [False, True] * 2) for shown in sides.values())
    assert 15 < sum(shown[0] for shown in sides.values()) < 45


def test_progressive_sizes_have_equal_shares_of_the_run_and_end_with_whole_images() -> None:
    images, _ = tiny_arrays()
    batches = batches_of(a_recipe(imageSizes=[4, 4, 6, 99]), images, 20, epochs=4)
    assert [batches.batch(step)[0].shape[-1] for step in range(12)] == [4] * 6 + [6] * 3 + [8] * 3


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8])
def test_images_are_shrunk_to_the_mean_of_the_area_that_a_pixel_covers(size: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3)).astype(np.uint8)
    want = shrunk_for_shards(images, size).astype(int)
    assert np.abs(shrink(torch.from_numpy(images), size).numpy() - want).max() <= (1 if size in (3, 7) else 0)


def test_crops_shift_within_the_margin() -> None:
    images = np.zeros((40, 8, 8, 1), np.uint8)
    images[:, 4, 4] = 255
    batch, _ = batches_of(a_recipe(crop=0.25), images).batch(0)
    places = {divmod(int(image.argmax()), 8) for image in batch[:, 0]}
    assert places <= set(itertools.product(range(2, 7), repeat=2))
    assert len(places) > 10


@pytest.mark.parametrize("cutout", [0.25, 0.375, 1.0])
def test_cutout_blanks_one_square_of_its_size_cut_at_the_edge(cutout: float) -> None:
    size = round(cutout * 8)
    images = np.random.default_rng(0).integers(1, 255, (200, 8, 8, 1)).astype(np.uint8)
    plain = batches_of(a_recipe(), images).batch(0)[0]
    batch = batches_of(a_recipe(cutout=cutout), images).batch(0)[0]
    blank = (batch != plain)[:, 0]
    rows, columns = blank.any(2).sum(1), blank.any(1).sum(1)
    assert torch.equal(blank.sum((1, 2)), rows * columns)
    assert int(rows.max()) == int(columns.max()) == size
    assert int(rows.min()) >= size // 2


def test_an_average_follows_the_weights() -> None:
    model = torch.nn.Linear(1, 1)
    average = Average(model, 0.5)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(3.0)
    for _ in range(30):
        average.update()
    assert all(weight.item() == pytest.approx(3.0) for weight in average.model.parameters())
    assert Average(model, None).model is model

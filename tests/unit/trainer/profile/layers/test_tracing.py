from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
import torch

from assay_trainer.contract import Layers, layers_name, trace_name
from assay_trainer.objects import MemoryObjects
from assay_trainer.profile.layers import TracedTimer, keep_layers, keeping
from assay_trainer.profile.layers.traced import IN_VAIN, TRACED, WARM_UP

ENOUGH = WARM_UP + IN_VAIN + TRACED


def whole_step(timer: TracedTimer) -> None:
    weights, inputs = torch.ones(3, 3, requires_grad=True), torch.ones(2, 3)
    with timer.phase("forward"):
        loss = (inputs @ weights).relu().sum()
    with timer.phase("backward"):
        loss.backward()  # type: ignore[no-untyped-call]
    with timer.phase("optimizer"), torch.no_grad():
        weights -= 0.1


def only_forward(timer: TracedTimer) -> None:
    with timer.phase("forward"):
        torch.ones(2, 3).relu()


def after(steps: int, step: Callable[[TracedTimer], None]) -> TracedTimer:
    timer = TracedTimer("cpu")
    for _ in range(steps):
        step(timer)
    return timer


@pytest.mark.parametrize("step", [whole_step, only_forward])
def test_a_few_steps_are_traced_after_the_first_ones(step: Callable[[TracedTimer], None]) -> None:
    timer = after(ENOUGH + 4, step)
    assert (timer.warm_up_steps, timer.steps, timer.tracing) == (WARM_UP + IN_VAIN, TRACED, False)
    times = {each.kind: each for each in timer.kinds()}
    assert times["activation"].host_forward_seconds > 0
    if step is whole_step:
        assert times["linear"].host_backward_seconds > 0
        assert times["optimizer"].host_seconds > 0
        assert timer.seconds()["backward"] > 0, "phases are timed as ever"
    assert sum(each.host_seconds for each in times.values()) == pytest.approx(timer.traced_seconds, rel=0.2)


def test_the_table_and_a_trace_that_a_browser_reads_are_kept() -> None:
    store = MemoryObjects()
    keep_layers(after(ENOUGH, whole_step), "c" * 32, store)

    layers = Layers.model_validate_json(store.get(layers_name("c" * 32)))
    trace = store.get(trace_name("c" * 32))
    assert (layers.steps, layers.trace_bytes) == (TRACED, len(trace))
    assert layers.slowdown is not None
    names = [each.get("name") for each in json.loads(gzip.decompress(trace))["traceEvents"]]
    assert names.count("assay::optimizer") == TRACED


def test_a_run_that_ends_in_the_middle_has_the_steps_until_then_and_one_of_too_few_steps_nothing() -> None:
    store = MemoryObjects()
    keep_layers(after(ENOUGH - 2, whole_step), "a" * 32, store)
    assert Layers.model_validate_json(store.get(layers_name("a" * 32))).steps == TRACED - 2

    for steps in (0, WARM_UP - 1, WARM_UP, WARM_UP + IN_VAIN):
        keep_layers(after(steps, whole_step), "b" * 32, store)
    assert store.list("") == [layers_name("a" * 32), trace_name("a" * 32)]


def test_a_trace_that_is_too_large_is_left_out_and_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "TRACE_BYTES", 1000)
    store = MemoryObjects()
    keep_layers(after(ENOUGH, whole_step), "c" * 32, store)

    assert store.list("") == [layers_name("c" * 32)]
    assert Layers.model_validate_json(store.get(layers_name("c" * 32))).trace_bytes == 0

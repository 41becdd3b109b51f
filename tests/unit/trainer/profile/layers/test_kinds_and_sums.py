from __future__ import annotations

from dataclasses import dataclass

import pytest

from assay_trainer.contract import LayerKind
from assay_trainer.profile.layers.kinds import is_backward, kind_of
from assay_trainer.profile.layers.sums import layer_times

BACKWARD = "autograd::engine::evaluate_function: "


@dataclass(frozen=True)
class Seen:
    """An operation of a trace, with those that it calls; in microseconds."""

    name: str
    self_cpu_time_total: float = 0.0
    cpu_children: tuple[Seen, ...] = ()
    self_device_time_total: float = 0.0

    @property
    def cpu_time_total(self) -> float:
        return self.self_cpu_time_total + sum(each.cpu_time_total for each in self.cpu_children)

    @property
    def device_time_total(self) -> float:
        return self.self_device_time_total + sum(each.device_time_total for each in self.cpu_children)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("aten::conv2d", "convolution"),
        (f"{BACKWARD}ConvolutionBackward0", "convolution"),
        ("aten::max_pool2d", "pooling"),
        (f"{BACKWARD}MaxPool2DWithIndicesBackward0", "pooling"),
        ("aten::adaptive_avg_pool2d", "pooling"),
        ("aten::batch_norm", "normalisation"),
        (f"{BACKWARD}NativeLayerNormBackward0", "normalisation"),
        ("aten::linalg_norm", None),
        ("aten::linear", "linear"),
        (f"{BACKWARD}AddmmBackward0", "linear"),
        ("aten::linalg_vector_norm", None),
        ("aten::scaled_dot_product_attention", "attention"),
        (f"{BACKWARD}ScaledDotProductFlashAttentionForCpuBackward0", "attention"),
        ("aten::relu_", "activation"),
        (f"{BACKWARD}GeluBackward0", "activation"),
        ("aten::log_softmax", "loss"),
        ("aten::cross_entropy_loss", "loss"),
        ("aten::add_", None),
        (f"{BACKWARD}torch::autograd::AccumulateGrad", None),
    ],
)
def test_an_operation_is_of_the_kind_that_its_name_says(name: str, want: LayerKind | None) -> None:
    assert kind_of(name) == want
    assert is_backward(name) == name.startswith(BACKWARD)


def test_an_operation_counts_with_all_that_it_calls_in_its_pass() -> None:
    step = (
        Seen(
            "assay::data_wait", 3, (Seen("aten::index", 4), Seen("enumerate(DataLoader)#x", 1, (Seen("aten::cat", 1),)))
        ),
        Seen("assay::forward", 5, (Seen("aten::conv2d", 1, (Seen("aten::to", 2), Seen("aten::_convolution", 7))),)),
        Seen(
            "assay::backward",
            2,
            (
                Seen(f"{BACKWARD}ConvolutionBackward0", 1, (Seen("aten::convolution_backward", 20),)),
                Seen(f"{BACKWARD}torch::autograd::AccumulateGrad", 1),
            ),
        ),
        Seen("assay::optimizer", 1, (Seen("aten::conv2d", 6),)),
        Seen("aten::add_", 2),
    )
    found = layer_times(step, whole_seconds=60e-6)

    times = {each.kind: (1e6 * each.host_forward_seconds, 1e6 * each.host_backward_seconds) for each in found}
    assert times == {
        "convolution": pytest.approx((10, 21)),
        "optimizer": pytest.approx((7, 0)),
        "data": pytest.approx((5, 0)),
        "augmentation": pytest.approx((4, 0)),
        "other": pytest.approx((5 + 2 + 3, 2 + 1)),  # 3 passed between the operations
    }
    assert [each.kind for each in found][:2] == ["convolution", "other"], "the largest first"
    assert sum(each.host_seconds for each in found) == pytest.approx(60e-6)


def test_a_backward_pass_on_a_thread_of_its_own_is_not_counted_twice() -> None:
    on_its_thread = Seen(f"{BACKWARD}AddmmBackward0", 8, self_device_time_total=30)
    found = layer_times([Seen("assay::backward", 10), on_its_thread], whole_seconds=10e-6)

    times = {each.kind: (1e6 * each.host_backward_seconds, 1e6 * each.device_backward_seconds) for each in found}
    assert times == {"linear": pytest.approx((8, 30)), "other": pytest.approx((2, 0))}

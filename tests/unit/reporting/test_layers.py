from __future__ import annotations

from rich.console import Console, Group

from assay.reporting.layers import layers_document, layers_table
from assay.store.traces import Traced
from assay_trainer.contract import Layers, LayerTime


def some_layers(*kinds: LayerTime) -> Layers:
    return Layers(
        key="c" * 32,
        steps=5,
        warm_up_steps=9,
        traced_seconds=0.1,
        untraced_step_seconds=0.016,
        kinds=kinds,
        trace_bytes=1000,
    )


ON_A_CPU = some_layers(
    LayerTime(kind="convolution", host_forward_seconds=0.03, host_backward_seconds=0.05),
    LayerTime(kind="data", host_forward_seconds=0.02),
)
ON_A_GPU = some_layers(
    LayerTime(kind="linear", host_forward_seconds=0.01, device_forward_seconds=0.03, device_backward_seconds=0.07)
)


def shown(layers: Layers | None) -> str:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(Group(*layers_table(layers)))
    return captured.get()


def test_a_row_has_the_time_of_a_step_in_each_pass_and_its_share() -> None:
    text = shown(ON_A_CPU)
    rows = [line.split() for line in text.splitlines()]
    assert ["convolution", "6.00", "10.00", "16.00", "80", "%"] in rows
    assert ["data", "4.00", "–", "4.00", "20", "%"] in rows
    assert "Means over 5 steps, on the CPU, after 9 others" in text
    assert "Tracing made a step 1.25x as long" in text


def test_on_a_gpu_the_times_are_those_of_its_kernels_and_the_hosts_stand_beside_them() -> None:
    rows = [line.split() for line in shown(ON_A_GPU).splitlines()]
    assert ["linear", "6.00", "14.00", "20.00", "100", "%", "2.00"] in rows


def test_what_is_missing_is_said() -> None:
    assert "had too few steps" in shown(None)
    assert "The trace was too large" in shown(ON_A_CPU.model_copy(update={"trace_bytes": 0}))
    assert layers_document(Traced(None, None)) == {"steps": 0, "kinds": [], "trace": None}


def test_as_json_the_kinds_come_in_the_same_order_with_their_seconds() -> None:
    document = layers_document(Traced(ON_A_CPU, "trace"))
    assert [each["kind"] for each in document["kinds"]] == ["convolution", "data"]
    assert document["kinds"][0]["host"] == {"forward": 0.03, "backward": 0.05}
    assert (document["slowdown"], document["trace"]) == (0.1 / 5 / 0.016, "trace")

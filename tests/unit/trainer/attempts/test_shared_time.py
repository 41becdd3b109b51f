"""The clock of devices that several processes use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assay_trainer.attempts import shared_time
from assay_trainer.attempts.cost import Meter
from assay_trainer.attempts.shared_time import SharedTime


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr("assay_trainer.attempts.shared_time.time.monotonic", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def test_each_is_charged_its_share_of_every_moment_and_all_shares_add_up(wait: Callable[[float], None]) -> None:
    clock = SharedTime()
    clock.share_between(1)
    first = Meter("cuda", 2, clock)
    wait(4)  # alone
    clock.share_between(2)
    second = Meter("cuda", 2, clock)
    wait(6)  # both
    want_first, want_second = 2 * (4 + 3), 2 * 3
    assert (first.accelerator_seconds, second.accelerator_seconds) == (want_first, want_second)
    clock.share_between(1)  # the first has ended
    wait(5)
    assert second.accelerator_seconds == 2 * (3 + 5)
    assert want_first + second.accelerator_seconds == 2 * (4 + 6 + 5)


def test_devices_that_nobody_uses_run_on(wait: Callable[[float], None]) -> None:
    clock = SharedTime()
    wait(3)
    clock.share_between(1)
    meter = Meter("cuda", 1, clock)
    wait(2)
    assert meter.accelerator_seconds == 2


def test_a_state_that_is_half_written_is_read_again(wait: Callable[[float], None]) -> None:
    clock = SharedTime()
    wait(3)
    reads = iter([shared_time._STATE.pack(7, 99.0, 0.0, 1.0), bytes(clock._memory)])
    real = shared_time._STATE

    class Torn:
        """Reads a state whose writing has not ended, then the real one."""

        def unpack_from(self, _memory: object) -> tuple[float, ...]:
            return real.unpack(next(reads))

    shared_time._STATE, shown = Torn(), 0.0  # type: ignore[assignment]
    try:
        shown = clock()
    finally:
        shared_time._STATE = real
    assert shown == 3.0

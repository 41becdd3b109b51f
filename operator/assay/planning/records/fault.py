"""Whose fault a failure is: does it say something about the hypothesis, as a bad score would?

A hypothesis that fails on some seeds does not fail on just any of them: those that are left are its good ones. So its
own failures are evidence against it, while what the infrastructure has lost is missing at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from assay_trainer.contract import FailureReason


class Fault(Enum):
    """What a failure says about the hypothesis that was tried."""

    OWN = auto()
    """With this seed it fails: that stays so, whatever a retry brings."""
    BEFORE_TRAINING = auto()
    """It fails before anything is trained: it has no score for as long as that is so, and a retry that gets one refutes
    it."""
    EXHAUSTED = auto()
    """It says nothing, unless it happened in every attempt that there may be, and in more than one."""
    NONE = auto()
    """It says nothing: another hypothesis would have failed, too."""


_FAULTS: Mapping[FailureReason, Fault] = MappingProxyType(
    {
        # its code or its numbers broke down with this seed, as the same code may not have with another
        FailureReason.TRAIN_FUNCTION_RAISED: Fault.OWN,
        # a run that diverges is the worst score there is
        FailureReason.SCORE_NOT_FINITE: Fault.OWN,
        # a train function that gives up leaves out what it could not compute
        FailureReason.METRIC_MISSING: Fault.OWN,
        # it had the memory to itself, and needs more than everybody has
        FailureReason.OUT_OF_MEMORY: Fault.OWN,
        # it writes more than everybody may
        FailureReason.STORAGE_EXCEEDED: Fault.OWN,
        # it takes longer than everybody may, by the worker's own clock; what hangs is not told from what is slow
        FailureReason.DEADLINE_EXCEEDED: Fault.OWN,
        # these depend on no seed, so a retry that gets a score shows that something else was in the way
        FailureReason.ENTRYPOINT_NOT_FOUND: Fault.BEFORE_TRAINING,
        FailureReason.INVALID_RECIPE: Fault.BEFORE_TRAINING,
        FailureReason.INVALID_DATASET: Fault.BEFORE_TRAINING,
        # others had taken the memory, so it is tried again alone where that can be had; if it never goes well, it is
        # as if there were too little
        FailureReason.OUT_OF_SHARED_MEMORY: Fault.EXHAUSTED,
        # somebody may have killed its process; but one that dies at every try, with no node lost, kills itself
        FailureReason.WORKER_DIED: Fault.EXHAUSTED,
        # Assay asked for something that can't be: no hypothesis can help that
        FailureReason.INVALID_REQUEST: Fault.NONE,
        # the train function reports no such epoch, or not that metric: it is written so
        FailureReason.CURVE_NOT_REPORTED: Fault.NONE,
        # the train function can't honour how the arm chooses its examples, whatever the hypothesis changes
        FailureReason.SUBSET_UNUSABLE: Fault.NONE,
        # a table has not recorded the run: nobody knows how it would have ended
        FailureReason.NOT_RECORDED: Fault.NONE,
        # the machine, the network, the cluster, or somebody's edit ended it; whichever seed ran just then
        FailureReason.STORE_FAILED: Fault.NONE,
        FailureReason.DISRUPTED: Fault.NONE,
        FailureReason.NOT_STARTED: Fault.NONE,
        FailureReason.CODE_CHANGED: Fault.NONE,
        FailureReason.STOPPED: Fault.NONE,
    }
)


def fault_of(reason: FailureReason) -> Fault:
    """Return what a failure for this reason says about the hypothesis."""
    return _FAULTS[reason]

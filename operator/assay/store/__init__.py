"""The ledger: what was asked, what was found and what failed, as objects that are never overwritten. How objects are
stored is in `assay_trainer.objects`."""

from assay.store.layout import StartedAttempt
from assay.store.ledger import Ledger
from assay.store.limits import StoreLimits
from assay.store.memory_budget import MemoryBudget
from assay.store.turns import Turn, TurnOver

__all__ = ["Ledger", "MemoryBudget", "StartedAttempt", "StoreLimits", "Turn", "TurnOver"]

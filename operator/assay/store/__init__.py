"""The ledger: what was asked, what was found and what failed, as objects that are never overwritten."""

from assay.store.ledger import Ledger, StartedAttempt
from assay.store.limits import Limits
from assay.store.room import Room
from assay.store.turns import Turn, TurnOver

__all__ = ["Ledger", "Limits", "Room", "StartedAttempt", "Turn", "TurnOver"]

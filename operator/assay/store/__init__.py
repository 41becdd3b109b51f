"""The ledger: what was asked, what was found and what failed, as objects that are never overwritten."""

from assay.store.ledger import Ledger, StartedAttempt

__all__ = ["Ledger", "StartedAttempt"]

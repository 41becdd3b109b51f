"""One reconcile of a study, or of a hypothesis: gather, decide, act, say; and what is said while that can't be done."""

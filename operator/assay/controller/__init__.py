"""The operator: events wake a queue of keys, and each key's reconcile gathers, plans and writes.

What a round of a study does is in `assay.rounds`, and what is decided in `assay.planning`.
"""

"""The operator: events wake a queue of keys, and each key's reconcile gathers, plans and writes."""

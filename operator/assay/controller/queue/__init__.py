"""Which studies and hypotheses are to be reconciled, and when: what wakes them, and whose turn it is.

Nothing here knows what a reconcile does.
"""

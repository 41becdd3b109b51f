"""Allocation policies side by side on recorded results: each buys trials with virtual money, and is scored only
afterwards. Nothing here runs a trial."""

"""Which hypotheses differ from the baseline, from each other and from the best, at an error that holds though scores
are looked at after every seed. Nothing here compares arms: whether a proxy is trusted is decided in `certificates`."""

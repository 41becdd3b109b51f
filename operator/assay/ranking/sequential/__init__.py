"""Which hypotheses differ from the baseline, from each other and from the best, at an error that holds though scores
are looked at after every seed."""

"""What may be said of the hypotheses and the arms, in numbers: agreement, verdicts, where each stands. Nothing here
knows how a status is written."""

"""What the trials of a study have given so far: their states, scores and costs, and which results no longer count.
Nothing here compares hypotheses."""

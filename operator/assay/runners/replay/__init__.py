"""Studies on tables of recorded results, by a virtual clock: a policy sees only what it has paid for."""

"""Studies on tables of recorded results, by a virtual clock: nobody sees a result that has not been waited for."""

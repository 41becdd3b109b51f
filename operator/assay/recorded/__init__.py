"""Tables of recorded runs, of any make: what a file or a data frame says of runs that somebody has done. Nothing here
decides anything about them, and nothing knows a study."""

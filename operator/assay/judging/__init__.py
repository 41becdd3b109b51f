"""Past runs judged: tables of recorded runs, answered as a study is. Nothing here reads a file or runs a trial."""

"""One round of a study: what is observed and read, what is decided, what is done; and the gathering of what a study
needs before its first. What is decided is in `assay.planning`, how trials are started in `assay.runners`."""

"""From a file, or from any data frame in memory, to a frame of polars. What its columns mean is not known here."""

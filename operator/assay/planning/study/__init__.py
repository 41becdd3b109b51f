"""What a study is, and all trials that it may run, with the digests that name them. Nothing here knows a result."""

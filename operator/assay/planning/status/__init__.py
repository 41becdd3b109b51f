"""What is said: the status of a study and of its hypotheses, condition by condition and row by row. Nothing here
decides what runs."""

"""The program's exit codes."""

DONE = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

"""What the studies of one operator share: who runs which trial, who may make Jobs, who waits for quota."""

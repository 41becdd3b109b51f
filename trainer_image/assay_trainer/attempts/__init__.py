"""One attempt at a work item in this process, from the request to the result or the failure in the store."""

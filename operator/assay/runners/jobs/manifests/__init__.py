"""From a request to the Job that runs it: names, templates, and digests of what its pod depends on.

Nothing here asks Kubernetes.
"""

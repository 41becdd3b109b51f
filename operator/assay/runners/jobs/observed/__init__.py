"""What Jobs and pods say of the attempts that they run: when each began, and how it ended.

Nothing here asks Kubernetes.
"""

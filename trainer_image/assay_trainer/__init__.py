"""What runs in a trial's process or pod; it knows nothing of Kubernetes and never imports assay."""

"""The code that runs in a trial's process or pod. It knows nothing of Kubernetes and never imports assay."""

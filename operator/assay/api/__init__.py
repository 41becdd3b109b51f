"""The resources that users write: their models, their schema for Kubernetes, how manifests are read and checked."""

"""The whole of Assay on a real cluster: chart, images, pods, S3."""

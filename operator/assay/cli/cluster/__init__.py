"""Commands about studies on a cluster, which kubectl runs as `kubectl assay`, too."""

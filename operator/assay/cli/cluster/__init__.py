"""Commands about studies on a cluster; as `kubectl assay`, too."""

"""What people read: tables for a terminal, Markdown for a pull request, one HTML file, Prometheus metrics. Nothing here
judges: all of it is drawn from a plan."""

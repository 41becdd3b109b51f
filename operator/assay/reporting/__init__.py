"""What people read: tables for a terminal, Markdown for a pull request, one HTML file."""

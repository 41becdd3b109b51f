"""Processes of this machine: forked, limited, watched, and told to end."""

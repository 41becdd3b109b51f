"""The command line: assay, and the same program as kubectl assay.

Commands import what takes long inside their functions, so that help and the shell's completion answer at once, and so
that each command needs only what it uses: the Kubernetes client is an extra, Altair takes half a second.
"""

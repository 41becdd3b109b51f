"""From files, and from the API server, to resources, or to what is wrong with them, in the words of their schema.

What only the resources together can tell is in `assay.api.checks`.
"""

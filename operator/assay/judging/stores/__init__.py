"""Runs that other tools keep: read where they are, by these tools themselves, and written by nobody here.

What is read becomes columns, named as the tools' own exports name them; nothing here says what a column means.
"""

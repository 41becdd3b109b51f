"""The report's charts. Each function takes findings and returns a Vega-Lite specification, or None if there is nothing
to draw.

Charts are as wide as their container. Colours are CSS variables of the report, so switching between light and dark
redraws nothing.
"""

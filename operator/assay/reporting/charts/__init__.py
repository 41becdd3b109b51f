"""The report's charts: each function takes findings and returns a Vega-Lite specification, None if there is nothing
to draw. Widths are the container's; colours are CSS variables of the report, so that light and dark need no redrawing.
"""

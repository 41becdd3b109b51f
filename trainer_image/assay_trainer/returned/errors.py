"""The errors of the study's own metric."""


class MetricMissing(Exception):
    """The train function returned no mapping with the study's metric."""


class MetricNotANumber(TypeError):
    """The study's metric can't be read as a number."""


class CurveNotReported(Exception):
    """The train function did not report the metric after the epoch at which the trial is read."""


class ScoreNotFinite(Exception):
    """The study's metric is NaN or infinite."""

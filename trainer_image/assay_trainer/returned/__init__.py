"""What a train function returns and reports: its metrics, learning curve, run URL, and how each example fared. All of
it is checked and cut to what a result may hold.

Only the study's own metric can fail a trial. Anything else that can't be recorded is left out, and a note says so.
"""

from assay_trainer.returned.curve import FAILURE_CURVE_BYTES, RESULT_CURVE_BYTES, LearningCurve
from assay_trainer.returned.examples import ExampleValues, KeptExamples
from assay_trainer.returned.metrics import checked_metrics
from assay_trainer.returned.notes import bounded_notes
from assay_trainer.returned.run_url import checked_run_url
from assay_trainer.returned.shortened import metrics_at_the_end
from assay_trainer.returned.wanted import Wanted

__all__ = [
    "FAILURE_CURVE_BYTES",
    "RESULT_CURVE_BYTES",
    "ExampleValues",
    "KeptExamples",
    "LearningCurve",
    "Wanted",
    "bounded_notes",
    "checked_metrics",
    "checked_run_url",
    "metrics_at_the_end",
]

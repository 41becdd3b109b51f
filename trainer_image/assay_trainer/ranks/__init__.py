"""One trial on several devices: a process for each, as torchrun starts them, on one machine.

Each process is a rank. Rank 0 reports: its curve, its metrics and its result count; the others only help. What they
agree on and share lives here, and what a train function needs to say that it can use several devices. What starts them
is in `workers/`. How gradients are shared is the function's own business (`vision/data_parallel.py` is ours).
"""

from assay_trainer.code.declared import uses_devices
from assay_trainer.ranks.place import ALONE, Place

__all__ = ["ALONE", "Place", "uses_devices"]

"""Tables as sources of examples: Parquet, CSV, JSON lines, and data sets of Hugging Face on disk.

Rows are converted once to plain types in mapped files (`files.py`, `rows.py`), looked through once (`looking.py`), and
brought into the order in which they are written (`ordered.py`); nothing here knows what files of ours look like.
"""

from assay_trainer.shards.tables.examples import TableExamples, open_examples
from assay_trainer.shards.tables.fields import TableOptions
from assay_trainer.shards.tables.found_files import is_table

__all__ = ["TableExamples", "TableOptions", "is_table", "open_examples"]

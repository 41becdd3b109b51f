"""Tables as sources of examples: Parquet, CSV, JSON lines, and data sets of Hugging Face on disk.

What a table's rows are is said by `fields.py`; nothing here knows what files of ours look like.
"""

from assay_trainer.shards.tables.examples import TableExamples, TableOptions, open_examples
from assay_trainer.shards.tables.files import is_table

__all__ = ["TableExamples", "TableOptions", "is_table", "open_examples"]

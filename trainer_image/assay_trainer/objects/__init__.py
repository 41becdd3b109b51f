"""Objects by name under a prefix: get, put if absent, read a part, list."""

from assay_trainer.objects.errors import ObjectNotFound, ObjectTooLarge, StoreError, TooManyObjects, UnfitObject
from assay_trainer.objects.file import FileObjects
from assay_trainer.objects.limits import OBJECT_BYTES
from assay_trainer.objects.memory import MemoryObjects
from assay_trainer.objects.names import is_name
from assay_trainer.objects.protocol import Objects
from assay_trainer.objects.uri import object_stamp, open_objects, split_object_uri

__all__ = [
    "OBJECT_BYTES",
    "FileObjects",
    "MemoryObjects",
    "ObjectNotFound",
    "ObjectTooLarge",
    "Objects",
    "StoreError",
    "TooManyObjects",
    "UnfitObject",
    "is_name",
    "object_stamp",
    "open_objects",
    "split_object_uri",
]

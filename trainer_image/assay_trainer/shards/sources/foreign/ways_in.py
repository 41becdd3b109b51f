"""How to convert formats that are not read: a few lines of Python or shell each. PATH stands for the data's path."""

from __future__ import annotations

_SAVE = """\
np.savez("data.npz", images=images, labels=labels)  # images: uint8 (n, side, side) or (n, side, side, 3)"""

_TABLE = f"""\
images = np.stack([np.asarray(Image.open(io.BytesIO(each["bytes"]))) for each in rows["image"]])
labels = rows["label"]; {_SAVE}"""

_CROPS = """\
    (to := Path("folder") / label).mkdir(parents=True, exist_ok=True)
    Image.open(path).crop(box).resize((64, 64)).save(to / f"{number}.png")"""

SHARDS = "a study takes it as it is: spec.dataset.manifest: PATH/manifest.json"

HUGGING_FACE = f"""\
import datasets, numpy as np; rows = datasets.load_from_disk("PATH")  # of several parts: rows["train"]
images = np.stack([np.asarray(image) for image in rows["image"]]); labels = rows["label"]
{_SAVE}"""

MDS = f"""\
import numpy as np, streaming; rows = streaming.StreamingDataset(local="PATH", batch_size=1)
images, labels = map(np.stack, zip(*((np.asarray(row["image"]), row["label"]) for row in rows)))
{_SAVE}"""

LMDB = f"""\
import lmdb, numpy as np; rows = lmdb.open("PATH", readonly=True).begin().cursor()
images, labels = zip(*(unpacked(value) for key, value in rows))  # `unpacked`: as whoever wrote them packed them
{_SAVE}"""

CIFAR_PICKLES = f"""\
import glob, pickle, numpy as np; files = sorted(glob.glob("PATH/**/data_batch_*", recursive=True))
rows = [pickle.load(open(file, "rb"), encoding="bytes") for file in files]
labels = sum((x[b"labels"] for x in rows), [])
images = np.concatenate([x[b"data"] for x in rows]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
{_SAVE}"""

CIFAR_BINARY = f"""\
import numpy as np; rows = np.fromfile("PATH/data_batch_1.bin", np.uint8).reshape(-1, 3073)
images, labels = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0]
{_SAVE}"""

COCO = f"""\
from pathlib import Path; from PIL import Image  # a class for each image: one image for each annotated object
for number, (path, box, label) in enumerate(objects):  # of the JSON's images, annotations and categories
{_CROPS}"""

VOC = f"""\
from pathlib import Path; from PIL import Image  # a class for each image: one image for each annotated object
for number, (path, box, label) in enumerate(objects):  # of the XML files' filename, bndbox and name
{_CROPS}"""

YOLO = f"""\
from pathlib import Path; from PIL import Image  # a class for each image: one image for each labelled box
for number, (path, box, label) in enumerate(objects):  # of the text files' class, centre, width and height
{_CROPS}"""

PARQUET = f"""\
import io, numpy as np, pandas as pd; from PIL import Image; rows = pd.read_parquet("PATH")
{_TABLE}"""

ARROW = f"""\
import io, numpy as np, pandas as pd; from PIL import Image; rows = pd.read_feather("PATH")
{_TABLE}"""

TAR = "mkdir unpacked && tar -xf PATH -C unpacked  # then build from `unpacked`; plain .tar files are read as they are"

ZIP = """\
unzip PATH -d unpacked  # if class folders are in it; then build from `unpacked`
cp PATH data.npz  # if .npy files are in it; then build from `data.npz`"""

SEVEN_ZIP = "7z x PATH -ounpacked  # then build from `unpacked`"

RAR = "unrar x PATH unpacked/  # then build from `unpacked`"

MDS_FILE = "give the folder that holds index.json, which names its own way in"

TFRECORD = f"""\
import numpy as np, tensorflow as tf; rows = tf.data.TFRecordDataset("PATH").as_numpy_iterator()
rows = [tf.train.Example.FromString(row).features.feature for row in rows]  # their names are the writer's choice
images = np.stack([tf.io.decode_image(row["image"].bytes_list.value[0]) for row in rows])
labels = [row["label"].int64_list.value[0] for row in rows]
{_SAVE}"""

HDF5 = f"""\
import h5py, numpy as np; file = h5py.File("PATH"); print(list(file))
images, labels = file["images"][:], file["labels"][:]
{_SAVE}"""

MATLAB = f"""\
import numpy as np, scipy.io; file = scipy.io.loadmat("PATH"); print(list(file))
images, labels = file["X"].transpose(3, 0, 1, 2), file["y"].ravel()
{_SAVE}"""

NPY = f"""\
import numpy as np; images, labels = np.load("PATH/images.npy"), np.load("PATH/labels.npy")
{_SAVE}"""

NPZ = "assay shards build PATH/FILE.npz --to …  # give the file itself"

IDX = "give the folder, with files named train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, …"

TORCH = f"""\
import numpy as np, torch; images, labels = (tensor.numpy() for tensor in torch.load("PATH"))
{_SAVE}"""

PICKLE = f"""\
import pickle, numpy as np; data = pickle.load(open("PATH", "rb"))  # it may run code: from whom you trust
images, labels = data["images"], data["labels"]
{_SAVE}"""

TABLE_OF_PATHS = """\
import shutil, pandas as pd; from pathlib import Path
for path, label in pd.read_csv("PATH")[["path", "label"]].values:  # name its columns; sep="\\t" for a TSV
    (to := Path("folder") / str(label)).mkdir(parents=True, exist_ok=True); shutil.copy(path, to)"""

OTHER_LIBRARY = f"""\
import numpy as np  # read images and labels with the library that wrote them, then
{_SAVE}"""

JSON = "images in class folders: folder/<class>/<image>; of objects within images, a crop for each"

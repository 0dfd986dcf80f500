"""Writes tables.zip: Parquet files as pyarrow writes them, and expected.json, what they hold. Needs NumPy, Pillow, pyarrow.

Each entry of expected.json: the file, the `split` that is asked for, then CRC-32 of the u8 RGB pixels [N, H, W, 3] of the readable images, their labels,
superclasses, the names of the classes, the rows that are not readable and the number of sentences that are assumed; or parts of the message that refuses it.
"""
import io
import json
import pathlib
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

generator = np.random.default_rng(0)
N = 7
X = generator.integers(0, 256, (N, 6, 5, 3)).astype(np.uint8)
Y = [3, 1, 4, 1, 5, 0, 2]
COARSE = [1, 0, 1, 0, 1, 0, 1]
NAMES = ["ant", "bee", "cat", "dog", "eel", "fox"]


def png(image):
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


FILES = [png(image) for image in X]
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
images = pa.array([{"bytes": file, "path": f"{k}.png"} for k, file in enumerate(FILES)], IMAGE)
files, expected = {}, []


def features(**names):
    of = {column: {"names": list_, "_type": "ClassLabel"} for column, list_ in names.items()}
    return {"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}, **of}}})}


def write(name, columns, metadata=None, **options):
    out = io.BytesIO()
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, out, **options)
    files[name] = out.getvalue()


def reads(name, x=X, labels=Y, coarse=(), classes=(), unreadable=(), assumed=0, split=None):
    expected.append({"file": name, "split": split, "crc": f"{zlib.crc32(np.ascontiguousarray(x).tobytes()):08x}", "labels": list(labels), "coarse": list(coarse), "classes": list(classes), "unreadable": list(unreadable), "assumed": assumed})


def refuses(name, *parts, split=None):
    expected.append({"file": name, "split": split, "error": list(parts)})


both = {"image": images, "label": pa.array(Y)}
write("hugging_face", both, features(label=NAMES))
reads("hugging_face", classes=NAMES)
for codec in ("none", "gzip", "zstd"):
    write(codec, both, compression=codec)
    reads(codec)
for codec in ("brotli", "lz4"):
    write(codec, both, compression=codec)
    refuses(codec, "packed by snappy, gzip or zstd", "write it again")
write("row_groups", both, row_group_size=3, data_page_size=1, use_dictionary=False)
reads("row_groups")
write("pages_of_version_2", both, row_group_size=4, data_page_version="2.0", data_page_size=64, version="2.6")
reads("pages_of_version_2")
write("indexed", both, write_page_index=True, data_page_size=1, write_batch_size=1)
reads("indexed")
write("img_first", {"id": pa.array(range(N)), "label": pa.array(Y, pa.int32()), "img": images, "mask": images})
reads("img_first")
write("bytes_alone", {"picture": pa.array(FILES, pa.binary()), "label": pa.array(Y, pa.uint8())})
reads("bytes_alone")
write("large", {"image": pa.array(FILES, pa.large_binary()), "label": pa.array([NAMES[y] for y in Y], pa.large_string())})
reads("large", classes=NAMES)
words = [NAMES[y] for y in Y]
write("label_is_text", {"image": images, "label": pa.array(words).dictionary_encode()})
reads("label_is_text", classes=NAMES)
write("required", {"image": images, "label": pa.array(Y)})
schema = pa.schema([pa.field("image", pa.binary(), nullable=False), pa.field("label", pa.int64(), nullable=False)])
out = io.BytesIO()
pq.write_table(pa.table([pa.array(FILES, pa.binary()), pa.array(Y)], schema=schema), out)
files["required"] = out.getvalue()
reads("required")

cifar100 = {"img": images, "fine_label": pa.array(Y), "coarse_label": pa.array(COARSE)}
write("cifar100", cifar100, features(fine_label=NAMES, coarse_label=["far", "near"]))
reads("cifar100", classes=NAMES, assumed=1)
reads("cifar100", labels=COARSE, classes=["far", "near"], split="coarse_label")
reads("cifar100", classes=NAMES, split="fine_label")
write("cifar100_without_names", cifar100)
reads("cifar100_without_names", coarse=COARSE, assumed=1)
refuses("cifar100", "a column `label`", "img, fine_label, coarse_label", split="label")

write("two_labels", {"image": images, "label": pa.array(Y), "target": pa.array(COARSE)})
refuses("two_labels", "one column of labels", "such as `test/label` (of a file: `label`)", "found label, target")
reads("two_labels", labels=COARSE, split="target")
write("named_attributes", {"image": images, "age": pa.array(Y), "kind": pa.array(COARSE)}, features(age=NAMES, kind=["far", "near"]))
refuses("named_attributes", "found age, kind")
write("one_named_attribute", {"image": images, "id": pa.array(range(N)), "kind": pa.array(COARSE)}, features(kind=["far", "near"]))
reads("one_named_attribute", labels=COARSE, classes=["far", "near"])
write("no_labels", {"image": images, "id": pa.array(range(N))})
reads("no_labels", labels=[-1] * N, assumed=1)
write("labels_of_none", {"image": images, "label": pa.array([-1] * N)}, features(label=NAMES))
reads("labels_of_none", labels=[-1] * N, classes=NAMES)
write("some_null", {"image": images, "label": pa.array([3, None, 4, 1, None, 0, 2])})
reads("some_null", labels=[3, -1, 4, 1, -1, 0, 2], assumed=1)
write("all_null", {"image": images, "label": pa.array([None] * N, pa.int64())})
reads("all_null", labels=[-1] * N, assumed=1)
write("minus_two", {"image": images, "label": pa.array([-2] * N)})
refuses("minus_two", "labels from 0 on", "-2")

rows = [{"bytes": file, "path": None} for file in FILES]
rows[1], rows[3], rows[5] = None, {"bytes": None, "path": "elsewhere.png"}, {"bytes": FILES[5][:50], "path": None}
write("bad_images", {"image": pa.array(rows, IMAGE), "label": pa.array(Y)}, row_group_size=2)
kept = [0, 2, 4, 6]
reads("bad_images", X[kept], [Y[k] for k in kept], unreadable=[1, 3, 5])

write("lists", {"image": pa.array([[file] for file in FILES]), "label": pa.array(Y)})
refuses("lists", "a column `image` or `img`", "0 columns of bytes among image, label")
write("two_of_bytes", {"left": images, "right": images})
refuses("two_of_bytes", "a column `image` or `img`", "2 columns of bytes among left, right")
write("no_images", {"text": pa.array(words), "label": pa.array(Y)})
refuses("no_images", "0 columns of bytes among text, label")
write("no_rows", {"image": images[:0], "label": pa.array(Y[:0])})
refuses("no_rows", "at least one row")

target = pathlib.Path(__file__).with_name("tables.zip")
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, content in files.items():
        archive.writestr(zipfile.ZipInfo(f"{name}.parquet"), content, zipfile.ZIP_DEFLATED, 9)
    archive.writestr(zipfile.ZipInfo("expected.json"), json.dumps(expected, indent=0), zipfile.ZIP_DEFLATED, 9)
print(len(files), "tables,", target.stat().st_size, "bytes, pyarrow", pa.__version__)

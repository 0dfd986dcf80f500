"""Makes archives.zip: `.npz` archives as people save them, and `expected.json`, what NumPy says they hold.

Each entry: file, split asked for, then CRC-32 of the u8 RGB pixels [N, H, W, 3], the labels and the names of the classes; or parts of the
message that refuses it. Needs NumPy.
"""
import io
import json
import pathlib
import zipfile
import zlib

import numpy as np

generator = np.random.default_rng(0)
N = 6
U8 = generator.integers(0, 256, (N, 5, 4, 3)).astype(np.uint8)
GREY = generator.integers(0, 256, (N, 5, 4)).astype(np.uint8)
Y = np.array([3, 1, 4, 1, 5, 9])
UNIT = (U8 / np.float32(255)).astype(np.float32)
archives, expected = {}, []


def rgb(images):
    return np.repeat(images[..., None], 3, -1) if images.ndim == 3 else images


def reads(name, arrays, images, labels=None, classes=(), split=None):
    archives[name] = arrays
    labels = [-1] * len(images) if labels is None else [int(label) for label in labels]
    expected.append({"file": name, "split": split, "crc": f"{zlib.crc32(np.ascontiguousarray(rgb(images)).tobytes()):08x}", "labels": labels, "classes": list(classes)})


def refuses(name, arrays, *parts, split=None):
    archives[name] = arrays
    expected.append({"file": name, "split": split, "error": list(parts)})


# Names.
reads("images", {"images": U8, "labels": Y}, U8, Y)
reads("images_alone", {"images": U8}, U8)
for images in ("x_test", "X_test", "test_images", "images_test", "test_x", "xtest"):
    reads(f"named_{images}", {images: U8, "y_test" if "x" in images.lower().split("_") else "test_labels": Y}, U8, Y)
keras = {"x_train": GREY[:2], "y_train": Y[:2], "x_test": GREY[2:], "y_test": Y[2:]}
reads("keras", keras, GREY[2:], Y[2:])
reads("keras_train", keras, GREY[:2], Y[:2], split="train")
refuses("keras_val", keras, "images of split `val`", "x_test, x_train", split="val")
medmnist = {f"{split}_{what}": part for split, k in (("train", 0), ("val", 2), ("test", 4)) for what, part in (("images", U8[k : k + 2]), ("labels", Y[k : k + 2, None].astype(np.uint8)))}
reads("medmnist", medmnist, U8[4:], Y[4:])
reads("medmnist_val", medmnist, U8[2:4], Y[2:4], split="val")
reads("x_train_only", {"x_train": U8, "y_train": Y}, U8, Y)
reads("positional", {"arr_0": U8, "arr_1": Y}, U8, Y)
reads("positional_images_only", {"arr_0": U8}, U8)
reads("only_one_of_u8", {"svhn": U8, "scores": np.zeros((2, 2))}, U8)
reads("images_and_targets", {"images": U8, "targets": Y}, U8, Y)
reads("images_and_y", {"images": U8, "y": Y}, U8, Y)
reads("labels_beside_others", {"images": U8, "labels": Y, "index": np.arange(N), "y": Y * 0}, U8, Y)
refuses("two_images_of_a_split", {"x_test": U8, "test_images": U8}, "found the arrays test_images, x_test", "rename or remove")
refuses("two_labels", {"images": U8, "y": Y, "targets": Y}, "found the arrays targets, y")
refuses("unknown_labels", {"images": U8, "category": Y}, "labels of `images` named `labels`", "category (<i8 [6])")
refuses("two_of_u8", {"clean": U8, "noisy": U8}, "several may be meant", "clean (|u1 [6, 5, 4, 3])")
refuses("no_images", {"pred": Y, "conf": np.zeros(N)}, "an array `images`", "x_test", "conf (<f8 [6])", "pred (<i8 [6])", "rename")
refuses("nothing", {}, "another kind of file")

# Shapes.
reads("channels_first", {"images": U8.transpose(0, 3, 1, 2).copy(), "labels": Y}, U8, Y)
reads("grey", {"images": GREY}, GREY)
reads("grey_channel_last", {"images": GREY[..., None]}, GREY)
reads("grey_channel_first", {"images": GREY[:, None]}, GREY)
refuses("rgba", {"images": np.concatenate([U8, U8[..., :1]], -1)}, "[6, 5, 4, 4]", "save `x[..., :3]`")
refuses("rgba_channels_first", {"images": np.zeros((N, 4, 5, 6), np.uint8)}, "save `x[:, :3]`")
refuses("two_channels", {"images": U8[..., :2]}, "[6, 5, 4, 2]")
refuses("three_by_three", {"images": np.zeros((N, 3, 8, 3), np.uint8)}, "which axis the colours are on cannot be told")
refuses("one_colour_image", {"images": U8[0]}, "[5, 4, 3]", "save `x[None]`")
refuses("one_colour_image_channels_first", {"images": U8[0].transpose(2, 0, 1).copy()}, "[3, 5, 4]", "save `x[None]`")
refuses("flat", {"images": U8.reshape(N, -1), "labels": Y}, "[6, 60]", "reshape")
refuses("empty", {"images": U8[:0]}, "[0, 5, 4, 3]")
refuses("fortran", {"images": np.asfortranarray(U8)}, "Fortran order", "ascontiguousarray")

# Values.
reads("unit_f32", {"images": UNIT, "labels": Y}, U8, Y)
reads("unit_f64", {"x_test": U8 / 255.0, "y_test": Y}, U8, Y)
reads("unit_f16", {"images": (U8 / 255.0).astype(np.float16)}, U8)
reads("unit_f32_big_endian", {"images": UNIT.astype(">f4")}, U8)
reads("unit_channels_first", {"images": UNIT.transpose(0, 3, 1, 2).copy()}, U8)
reads("whole_f32", {"images": U8.astype(np.float32)}, U8)
reads("whole_f64_grey", {"arr_0": GREY.astype(np.float64)}, GREY)
reads("whole_i64", {"images": U8.astype(np.int64)}, U8)
reads("whole_i32_big_endian", {"images": U8.astype(">i4")}, U8)
mean, std = np.float32([0.4914, 0.4822, 0.4465]), np.float32([0.247, 0.2435, 0.2616])
refuses("standardized", {"images": (UNIT - mean) / std}, "standardized", "x * std + mean")
refuses("minus_one_to_one", {"images": UNIT * 2 - 1}, "from -1.0000 to 1.0000")
refuses("unit_resized", {"images": (UNIT + UNIT[::-1]) / 2 * np.float32(0.999)}, "not k/255", "astype('uint8')")
refuses("fractions", {"images": U8 * 0.7}, "not whole", "x.round()")
refuses("zeros_and_ones", {"images": (U8 > 99).astype(np.float32)}, "only 0 and 1", "x * 255")
refuses("booleans", {"images": U8 > 99}, "only 0 and 1")
refuses("integers_0_and_1", {"images": (U8 > 99).astype(np.int64)}, "only 0 and 1")
refuses("not_a_number", {"images": np.where(U8 == U8[0, 0, 0, 0], np.nan, UNIT)}, "with NaN among them")
refuses("deep", {"images": U8.astype(np.uint16) * 257}, "from 0.0000 to 65535.0000")
refuses("negative_integers", {"images": U8.astype(np.int16) - 128}, "to 127.0000")
refuses("complex", {"images": UNIT.astype(np.complex64)}, "<c8")

# Labels.
def labelled(labels):
    return {"images": U8, "labels": labels}


reads("labels_column", labelled(Y[:, None]), U8, Y)
reads("labels_float", labelled(Y.astype(np.float32)), U8, Y)
reads("labels_float_column", labelled(Y[:, None].astype(np.float64)), U8, Y)
reads("labels_u1", labelled(Y.astype(np.uint8)), U8, Y)
reads("labels_none_among_them", labelled(np.array([3, -1, 4, 1, -1, 9])), U8, [3, -1, 4, 1, -1, 9])
reads("labels_one_hot", labelled(np.eye(10)[Y]), U8, np.eye(10)[Y].argmax(1))
reads("labels_one_hot_i8", labelled(np.eye(10, dtype=np.int8)[Y]), U8, Y)
reads("labels_one_hot_bool", labelled(np.eye(10, dtype=bool)[Y]), U8, Y)
names = np.array(["wolf", "ant", "bee", "ant", "wolf", "bée"])
reads("labels_names", labelled(names), U8, np.unique(names, return_inverse=True)[1], sorted(set(names)))
reads("labels_names_as_bytes", labelled(np.array([b"wolf", b"ant", b"bee", b"ant", b"wolf", b"ant"])), U8, [2, 0, 1, 0, 2, 0], ["ant", "bee", "wolf"])
cifar = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
reads("labels_names_of_cifar_10", labelled(np.array(["truck", "cat", "dog", "cat", "ship", "truck"])), U8, [9, 3, 5, 3, 8, 9], cifar)
reads("labels_names_column", labelled(names[:, None]), U8, np.unique(names, return_inverse=True)[1], sorted(set(names)))
refuses("labels_half", labelled(Y[:3]), "expected 6 labels, found shape [3]")
refuses("labels_row", labelled(Y[None]), "expected 6 labels, found shape [1, 6]")
refuses("labels_two_a_row", labelled(np.eye(10)[Y] + np.eye(10)[Y[::-1]]), "one-hot", "row 0 is not so")
refuses("labels_probabilities", labelled(np.full((N, 4), 0.25)), "one-hot")
refuses("labels_fractions", labelled(Y + 0.5), "whole numbers", "3.5")
refuses("labels_minus_two", labelled(Y - 3), "with -2 among them")
refuses("labels_nan", labelled(np.where(Y == 4, np.nan, Y)), "NaN")

target = pathlib.Path(__file__).with_name("archives.zip")
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, arrays in archives.items():
        out = io.BytesIO()
        np.savez_compressed(out, **arrays)
        archive.writestr(zipfile.ZipInfo(f"{name}.npz"), out.getvalue(), zipfile.ZIP_DEFLATED, 9)
    archive.writestr(zipfile.ZipInfo("expected.json"), json.dumps(expected, indent=0), zipfile.ZIP_DEFLATED, 9)
print(len(archives), "archives,", target.stat().st_size, "bytes")

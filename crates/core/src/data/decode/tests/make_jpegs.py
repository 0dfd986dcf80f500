"""Makes jpegs.zip: JPEG files of every kind, and `pillow.txt`, what Pillow reads in each.

A line of `pillow.txt`: name, then height, width and CRC-32 of the pixels of `Image.open(file).convert("RGB")`, or `unreadable` and why.
Needs Pillow, NumPy, and cjpeg and jpegtran of libjpeg-turbo (Debian: libjpeg-turbo-progs). Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0).
"""
import io
import pathlib
import random
import subprocess
import warnings
import zipfile
import zlib

import numpy
from PIL import Image

SIZES = [(32, 32), (33, 31), (1, 1), (1, 17), (17, 1), (2, 3), (7, 9), (15, 16), (16, 15), (31, 64), (47, 33), (64, 48)]
files = {}


def picture(height, width, seed=0):
    """Edges, gradients and noise in every channel."""
    y, x = numpy.mgrid[:height, :width].astype(float)
    generator = numpy.random.default_rng(seed)
    waves = [128 + 127 * numpy.sin(x / (3 + c + seed % 5) + c) * numpy.cos(y / (4 + c) - seed) for c in range(3)]
    pixels = numpy.stack(waves, -1)
    inside = (x - width / 2) ** 2 + (y - height / 3) ** 2 < (min(height, width) / 3) ** 2
    pixels[inside] = [(250, 10, 30), (10, 240, 20), (20, 30, 250)][seed % 3]
    pixels += generator.normal(0, 12, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def save(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def add(name, data):
    assert name not in files, name
    files[name + ".jpg"] = data


def cjpeg(image, *options):
    out = io.BytesIO()
    image.save(out, "PPM")
    return subprocess.run(["cjpeg", *options], input=out.getvalue(), capture_output=True, check=True).stdout


def jpegtran(data, *options):
    return subprocess.run(["jpegtran", *options], input=data, capture_output=True, check=True).stdout


def segments(data):
    """Where each marker of the headers begins, and its code; ends with SOS."""
    at = 2
    while True:
        code = data[at + 1]
        yield at, code
        if code == 0xDA:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def without(data, wanted):
    for at, code in reversed(list(segments(data))):
        if code == wanted:
            data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    return data


def patched(data, offset, value):
    return data[:offset] + bytes([value]) + data[offset + 1 :]


def scan_ends(data):
    """Behind every scan of a progressive file."""
    ends = []
    at = data.index(b"\xff\xda")
    while at + 1 < len(data):
        if data[at] == 0xFF and data[at + 1] in (0xC4, 0xDA, 0xD9) and at > data.index(b"\xff\xda"):
            ends.append(at)
        at += 1
    return [end for end in ends if data[end + 1] != 0xDA]


def everyday():
    for q, quality in enumerate([1, 10, 30, 40, 50, 75, 85, 90, 95, 100]):
        for subsampling in range(3):
            for progressive in (False, True):
                size = SIZES[(q * 6 + subsampling * 2 + progressive) % len(SIZES)]
                size = size if min(size) > 5 else (29, 43)
                name = f"q{quality}_{['444', '422', '420'][subsampling]}_{'progressive' if progressive else 'baseline'}"
                add(name, save(picture(*size, q), quality=quality, subsampling=subsampling, progressive=progressive))
    for height, width in SIZES:
        for subsampling in (1, 2):
            name = f"size_{height}x{width}_{['444', '422', '420'][subsampling]}"
            add(name, save(picture(height, width, 2), quality=80, subsampling=subsampling))
        add(f"size_{height}x{width}_progressive", save(picture(height, width, 2), quality=80, progressive=True, optimize=True))


def grey_and_four():
    for k, (height, width) in enumerate(SIZES):
        add(f"grey_{height}x{width}", save(picture(height, width, k).convert("L"), quality=20 + 7 * k, progressive=k % 2 == 1))
    for k, quality in enumerate((20, 60, 95)):
        cmyk = Image.merge("CMYK", [*picture(37, 45, k).split(), picture(37, 45, k + 3).convert("L").point(lambda v: v // 2)])
        for subsampling in (0, 2):
            for progressive in (False, True):
                data = save(cmyk, quality=quality, subsampling=subsampling, progressive=progressive)
                name = f"{quality}_{['444', '422', '420'][subsampling]}_{'progressive' if progressive else 'baseline'}"
                add(f"cmyk_{name}", data)
                adobe = data.index(b"Adobe")
                add(f"ycck_{name}", patched(data, adobe + 11, 2))
        add(f"cmyk_{quality}_without_adobe", without(save(cmyk, quality=quality), 0xEE))
    small = Image.merge("CMYK", [*picture(1, 1).split(), picture(1, 1).convert("L")])
    add("cmyk_1x1", save(small))


def headers():
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        add(f"exif_orientation_{orientation}", save(picture(23, 41, orientation), quality=85, exif=exif))
        add(f"exif_orientation_{orientation}_progressive", save(picture(41, 23, orientation), quality=70, progressive=True, exif=exif))
    plain = save(picture(40, 50, 1), quality=85)
    add("comment", save(picture(40, 50, 1), quality=85, comment=b"c" * 300))
    add("icc_profile", save(picture(40, 50, 1), quality=85, icc_profile=bytes(range(256)) * 4))
    add("garbage_behind", plain + b"\x00garbage\xff\xd8\xff\xe0 more")
    add("second_image_behind", plain + save(picture(20, 20, 2)))
    add("fill_bytes_before_markers", plain[:2] + b"".join(b"\xff\xff" + plain[a:b] for a, b in pieces(plain)))
    add("without_jfif", without(plain, 0xE0))
    add("adobe_ycc", without(plain, 0xE0)[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01" + without(plain, 0xE0)[2:])
    add("adobe_rgb_transform_0", without(plain, 0xE0)[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00" + without(plain, 0xE0)[2:])
    add("component_ids_rgb", ids_rgb(without(plain, 0xE0)))
    add("without_end", plain[:-2] + b"\x00\x00\x00\x00")


def pieces(data):
    starts = [at for at, _ in segments(data)]
    return zip(starts, starts[1:] + [len(data)])


def ids_rgb(data):
    """The components are named R, G and B, which says that they are."""
    for at, code in segments(data):
        if code == 0xC0:
            for k, name in enumerate(b"RGB"):
                data = patched(data, at + 10 + 3 * k, name)
        if code == 0xDA:
            for k, name in enumerate(b"RGB"):
                data = patched(data, at + 5 + 2 * k, name)
    return data


def rarer():
    image = lambda k: picture(*[(50, 39), (33, 47), (64, 64)][k % 3], k)
    samples = ["1x2", "4x1", "1x4", "2x4", "4x2", "3x1", "1x1,2x2,1x1", "2x2,1x1,2x1", "2x1,1x2,1x1", "2x2,2x1,1x2"]
    for k, sample in enumerate(samples):
        name = sample.replace(",", "_")
        add(f"sampling_{name}", cjpeg(image(k), "-quality", "80", "-sample", sample))
        if k < 5:
            add(f"sampling_{name}_progressive", cjpeg(image(k + 1), "-quality", "60", "-progressive", "-sample", sample))
    for k, sample in enumerate(("1x2", "4x1")):
        for height, width in ((1, 1), (5, 3), (17, 9)):
            add(f"sampling_{sample}_{height}x{width}", cjpeg(picture(height, width, k), "-quality", "75", "-sample", sample))
    for k, options in enumerate((["-restart", "1"], ["-restart", "1B"], ["-restart", "3B", "-progressive"], ["-restart", "2", "-grayscale"])):
        add(f"restart_{k}", cjpeg(image(k), "-quality", "70", *options))
    add("restart_444", save(image(1), quality=70, subsampling=0, restart_marker_blocks=2))
    for k, options in enumerate(([], ["-progressive"], ["-grayscale"], ["-restart", "1"], ["-sample", "1x1"], ["-sample", "2x1"])):
        add(f"arithmetic_{k}", cjpeg(image(k), "-arithmetic", "-quality", "75", *options))
    for k, options in enumerate(([], ["-progressive"], ["-sample", "1x1"])):
        add(f"rgb_{k}", cjpeg(image(k), "-rgb", "-quality", "75", *options))
    for k, quality in enumerate(("1", "2", "4", "6")):
        # Quantization steps above 255 need 16 bits; without -baseline they are kept.
        add(f"quantization_16_bit_{k}", cjpeg(image(k), "-quality", quality))
    for k, dct in enumerate(("fast", "float")):
        add(f"encoded_by_dct_{dct}", cjpeg(image(k), "-dct", dct, "-optimize", "-quality", "92"))
    add("separate_scans", jpegtran(save(image(0), quality=85), "-scans", scans("0;\n1;\n2;\n")))
    add("interleaved_pair", jpegtran(save(image(0), quality=85), "-scans", scans("0;\n1 2;\n")))


def scans(text):
    path = pathlib.Path("/tmp/make_jpegs_scans.txt")
    path.write_text(text)
    return str(path)


def damaged():
    """Pillow reads these, or says why not; the pixels are those of libjpeg's repair."""
    baseline = save(picture(48, 64, 4), quality=85, subsampling=2)
    progressive = save(picture(48, 64, 5), quality=85, subsampling=2, progressive=True)
    ends = scan_ends(progressive)
    for k in range(1, min(6, len(ends))):
        add(f"damaged_first_{k}_scans", progressive[: ends[k - 1]] + b"\xff\xd9")
    chosen = random.Random(3)
    for k in range(10):
        data = [baseline, progressive][k % 2]
        start = data.index(b"\xff\xda") + 14
        broken = bytearray(data)
        for _ in range(1 + k // 2):
            broken[chosen.randrange(start, len(data) - 2)] = chosen.randrange(1, 255)
        add(f"damaged_bytes_{k}", bytes(broken))
    restart = cjpeg(picture(48, 64, 6), "-quality", "85", "-restart", "1")
    add("damaged_restart_marker", restart.replace(b"\xff\xd1", b"\xff\xd5", 1))
    add("damaged_without_a_restart_marker", restart.replace(b"\xff\xd1", b"", 1))
    add("damaged_zeros", baseline[: len(baseline) // 2] + bytes(len(baseline) - len(baseline) // 2 - 2) + b"\xff\xd9")
    add("damaged_early_end", baseline[: len(baseline) // 2] + b"\xff\xd9")
    add("damaged_no_huffman_tables", without(baseline, 0xC4))
    add("damaged_no_quantization_tables", without(baseline, 0xDB))
    frame = [at for at, code in segments(baseline) if code == 0xC0][0]
    add("damaged_height_0", patched(patched(baseline, frame + 5, 0), frame + 6, 0))
    add("damaged_12_bit", patched(baseline, frame + 4, 12))
    add("damaged_sampling_0", patched(baseline, frame + 11, 0))
    add("damaged_process", patched(baseline, frame + 1, 0xC5))


def cut():
    baseline = save(picture(48, 64, 7), quality=85, subsampling=2)
    others = {
        "baseline": baseline,
        "progressive": save(picture(48, 64, 8), quality=85, progressive=True),
        "grey": save(picture(48, 64, 9).convert("L"), quality=85),
        "cmyk": save(Image.merge("CMYK", [*picture(40, 40).split(), picture(40, 40).convert("L")])),
        "arithmetic": cjpeg(picture(48, 64, 1), "-arithmetic"),
        "restart": cjpeg(picture(48, 64, 1), "-restart", "1"),
    }
    for name, data in others.items():
        start = data.index(b"\xff\xda")
        lengths = {"3": 3, "headers": start, "scan_header": start + 6, "half": (start + len(data)) // 2, "9_tenths": start + (len(data) - start) * 9 // 10}
        lengths |= {"last_3": len(data) - 3, "last_2": len(data) - 2, "last_1": len(data) - 1}
        for what, length in lengths.items():
            add(f"cut_{name}_{what}", data[:length])
    flat = save(Image.new("RGB", (64, 64), (10, 200, 30)))
    add("cut_flat_last_2", flat[:-2])
    add("cut_in_exif", save(picture(8, 8), exif=b"Exif\0\0" + bytes(3000))[:1500])
    add("cut_corrupt_and_cut", patched(baseline, baseline.index(b"\xff\xda") + 40, 0x55)[: len(baseline) * 3 // 4])


def reading(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception as error:
        return f"unreadable {type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return f"{image.height} {image.width} {zlib.crc32(image.tobytes()):08x}"


for part in (everyday, grey_and_four, headers, rarer, damaged, cut):
    part()
table = "".join(f"{name}\t{reading(data)}\n" for name, data in files.items())
target = pathlib.Path(__file__).with_name("jpegs.zip")
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, data in [*files.items(), ("pillow.txt", table.encode())]:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)
print(table)
print(len(files), "files,", target.stat().st_size, "bytes")

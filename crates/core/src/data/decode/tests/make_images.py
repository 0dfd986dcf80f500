"""Makes images.zip: PNG, BMP, GIF, TIFF and WebP files of every kind, and `pillow.txt`, what Pillow reads in each.

A line of `pillow.txt`: name, then height, width and CRC-32 of the pixels of `Image.open(file).convert("RGB")`, or `unreadable` and why.
Needs Pillow and NumPy. Made with Pillow 13.0.0.
"""
import io
import pathlib
import struct
import warnings
import zipfile
import zlib

import numpy
from PIL import Image

files = {}


def picture(height=29, width=37, seed=0):
    """Edges, gradients and noise in every channel."""
    y, x = numpy.mgrid[:height, :width].astype(float)
    generator = numpy.random.default_rng(seed)
    waves = [128 + 127 * numpy.sin(x / (3 + c + seed % 5) + c) * numpy.cos(y / (4 + c) - seed) for c in range(3)]
    pixels = numpy.stack(waves, -1)
    inside = (x - width / 2) ** 2 + (y - height / 3) ** 2 < (min(height, width) / 3) ** 2
    pixels[inside] = [(250, 10, 30), (10, 240, 20), (20, 30, 250)][seed % 3]
    pixels += generator.normal(0, 12, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def ramp(height=29, width=37, seed=0):
    """An alpha channel of every value."""
    return Image.fromarray(((numpy.arange(height * width) * (7 + seed)) % 256).astype(numpy.uint8).reshape(height, width))


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def add(name, data):
    assert name not in files, name
    files[name] = bytes(data)


# PNG, written by hand: Pillow does not write every kind.


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def rows(samples, bits):
    """Filter type 0 before each row of samples [height, width * channels], packed."""
    out = b""
    for row in samples:
        if bits == 16:
            out += b"\0" + row.astype(">u2").tobytes()
        else:
            packed = numpy.unpackbits(row.astype(numpy.uint8)[:, None], axis=1)[:, 8 - bits :].reshape(-1)
            out += b"\0" + numpy.packbits(packed).tobytes()
    return out


def png(color, bits, interlaced=False, extra=b"", palette=None, height=29, width=37, end=True, largest=None, seed=0):
    channels = CHANNELS[color]
    generator = numpy.random.default_rng(color * 100 + bits + seed)
    samples = generator.integers(0, largest or 2**bits, (height, width, channels))
    if interlaced:
        parts = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7]
        data = b"".join(rows(p.reshape(p.shape[0], -1), bits) for p in parts if p.size)
    else:
        data = rows(samples.reshape(height, -1), bits)
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    if color == 3:
        out += chunk(b"PLTE", palette if palette is not None else generator.integers(0, 256, 3 * 2**bits).astype(numpy.uint8).tobytes())
    return out + extra + chunk(b"IDAT", zlib.compress(data)) + (chunk(b"IEND", b"") if end else b"")


def pngs():
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in depths:
            for interlaced in (False, True):
                add(f"color{color}_{bits}_bit{'_interlaced' if interlaced else ''}.png", png(color, bits, interlaced))
    add("grey_16_bit_below_256.png", png(0, 16, largest=256))
    for bits in (1, 2, 4, 8, 16):
        add(f"grey_{bits}_bit_transparent.png", png(0, bits, extra=chunk(b"tRNS", struct.pack(">H", 1))))
    for bits in (8, 16):
        add(f"rgb_{bits}_bit_transparent.png", png(2, bits, extra=chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))))
    for bits in (1, 2, 4, 8):
        add(f"palette_{bits}_bit_transparent.png", png(3, bits, extra=chunk(b"tRNS", bytes(range(0, 2**bits)))))
        short = numpy.random.default_rng(bits).integers(0, 256, 3 * (2**bits - 1)).astype(numpy.uint8).tobytes()
        add(f"palette_{bits}_bit_index_beyond.png", png(3, bits, palette=short))
    add("palette_1_bit_alpha_at_one.png", png(3, 8, extra=chunk(b"tRNS", b"\xff\xff\x00")))
    add("gamma_and_profile.png", png(2, 8, extra=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"pHYs", bytes(9))))
    add("background.png", png(6, 8, extra=chunk(b"bKGD", struct.pack(">HHH", 9, 9, 9))))
    add("significant_bits.png", png(2, 8, extra=chunk(b"sBIT", b"\5\6\5")))
    add("1x1.png", png(2, 8, height=1, width=1))
    add("3x1_interlaced.png", png(2, 8, True, height=3, width=1))
    add("exif_orientation_6.png", png(2, 8, extra=chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")))
    frames = [picture(20, 20, k).convert("RGBA") for k in range(3)]
    add("animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    add("animated_default_image.png", saved(frames[0], "PNG", save_all=True, default_image=True, append_images=frames[1:]))
    whole = saved(picture(60, 60), "PNG")
    add("cut_half.png", whole[: len(whole) // 2])
    add("cut_9_tenths.png", whole[: len(whole) * 9 // 10])
    add("cut_before_end.png", whole[:-12])
    add("cut_in_checksum.png", whole[:-14])
    add("cut_header.png", whole[:30])
    add("without_end.png", png(2, 8, end=False))
    add("wrong_checksum_of_data.png", whole[:-14] + bytes([whole[-14] ^ 1]) + whole[-13:])
    at = whole.index(b"IDAT") + 60
    add("damaged_data.png", whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
    add("garbage_behind.png", whole + b"garbage")
    text = chunk(b"tEXt", b"Comment\0hello")
    add("wrong_checksum_of_text.png", png(2, 8, extra=text[:-1] + bytes([text[-1] ^ 1])))
    rows_missing = zlib.compress(rows(numpy.zeros((10, 37 * 3), int), 8))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 37, 29, 8, 2, 0, 0, 0))
    add("rows_missing.png", b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows_missing) + chunk(b"IEND", b""))
    add("huge_claim.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows_missing) + chunk(b"IEND", b""))


# BMP


def bmp(bits, data, width=37, height=29, compression=0, palette=b"", masks=b"", header=40, colors=0):
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 2835, 2835, colors, 0)
    info += masks + bytes(max(0, header - 40 - len(masks)) if header > 40 else 0)
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + palette + data


def padded(row_bytes, height, seed):
    stride = (row_bytes + 3) // 4 * 4
    return numpy.random.default_rng(seed).integers(0, 256, stride * height).astype(numpy.uint8).tobytes()


def bmps():
    palette = lambda n: numpy.random.default_rng(n).integers(0, 256, n * 4).astype(numpy.uint8).tobytes()
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        image = picture().convert(mode) if mode != "RGBA" else picture().convert("RGBA")
        if mode == "RGBA":
            image.putalpha(ramp())
        add(f"pillow_{mode}.bmp", saved(image, "BMP"))
    for bits in (1, 4, 8):
        add(f"palette_{bits}.bmp", bmp(bits, padded((37 * bits + 7) // 8, 29, bits), palette=palette(2**bits)))
    add("palette_8_of_200.bmp", bmp(8, bytes(v % 200 for v in padded(37, 29, 5)), palette=palette(200), colors=200))
    add("palette_8_index_beyond.bmp", bmp(8, padded(37, 29, 5), palette=palette(200), colors=200))
    add("grey_palette.bmp", bmp(8, padded(37, 29, 6), palette=b"".join(bytes([v, v, v, 0]) for v in range(256))))
    add("black_white_palette.bmp", bmp(1, padded(5, 29, 7), palette=b"\0\0\0\0\xff\xff\xff\0"))
    add("white_black_palette.bmp", bmp(1, padded(5, 29, 7), palette=b"\xff\xff\xff\0\0\0\0\0"))
    add("rgb_555.bmp", bmp(16, padded(37 * 2, 29, 1)))
    mask = lambda *values: struct.pack("<" + "I" * len(values), *values)
    add("rgb_565.bmp", bmp(16, padded(37 * 2, 29, 2), compression=3, masks=mask(0xF800, 0x7E0, 0x1F)))
    add("rgb_555_masks.bmp", bmp(16, padded(37 * 2, 29, 3), compression=3, masks=mask(0x7C00, 0x3E0, 0x1F)))
    add("rgb_24.bmp", bmp(24, padded(37 * 3, 29, 4)))
    add("rgb_24_top_down.bmp", bmp(24, padded(37 * 3, 29, 4), height=-29))
    add("rgb_32.bmp", bmp(32, padded(37 * 4, 29, 5)))
    add("rgb_32_masks.bmp", bmp(32, padded(37 * 4, 29, 6), compression=3, masks=mask(0xFF0000, 0xFF00, 0xFF)))
    add("rgba_32_masks.bmp", bmp(32, padded(37 * 4, 29, 6), compression=3, masks=mask(0xFF, 0xFF00, 0xFF0000, 0xFF000000), header=56))
    add("rgba_32_v5.bmp", bmp(32, padded(37 * 4, 29, 7), compression=3, masks=mask(0xFF0000, 0xFF00, 0xFF, 0xFF000000), header=124))
    core = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26) + struct.pack("<IHHHH", 12, 37, 29, 1, 24) + padded(37 * 3, 29, 8)
    add("os2_24.bmp", core)
    entries = numpy.random.default_rng(9).integers(0, 256, 48).astype(numpy.uint8).tobytes()
    add("os2_palette_4.bmp", b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + 48) + struct.pack("<IHHHH", 12, 37, 29, 1, 4) + entries + padded(19, 29, 9))
    line = bytes([5, 1, 0, 4, 7, 8, 9, 3, 28, 2, 0, 0])
    add("rle_8.bmp", bmp(8, line * 29 + b"\0\1", compression=1, palette=palette(256)))
    moved = bytes([5, 1, 0, 2, 4, 0, 20, 2, 0, 0]) + bytes([0, 2, 0, 3])
    add("rle_8_moves.bmp", bmp(8, moved + line * 20 + b"\0\1", compression=1, palette=palette(256)))
    add("rle_4.bmp", bmp(4, bytes([37, 0x3A, 0, 0]) * 29 + b"\0\1", compression=2, palette=palette(16)))
    whole = saved(picture(60, 60), "BMP")
    add("cut_half.bmp", whole[: len(whole) // 2])
    add("cut_last.bmp", whole[:-1])
    add("cut_rle.bmp", bmp(8, line * 14, compression=1, palette=palette(256)))
    add("cut_header.bmp", whole[:40])


# GIF


def gifs():
    for colors in (2, 4, 16, 256):
        add(f"colors_{colors}.gif", saved(picture().quantize(colors), "GIF"))
    add("grey.gif", saved(picture().convert("L"), "GIF"))
    add("black_white.gif", saved(picture().convert("1"), "GIF"))
    add("interlaced.gif", saved(picture().quantize(64), "GIF", interlace=True))
    add("not_interlaced.gif", saved(picture().quantize(64), "GIF", interlace=False))
    for seed in range(3):
        add(f"transparent_{seed}.gif", saved(picture(seed=seed).quantize(32), "GIF", transparency=seed * 5))
    frames = [picture(20, 24, k).quantize(32) for k in range(3)]
    add("animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2))
    add("animated_transparent.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=3))
    small = saved(picture(12, 10).quantize(16), "GIF", transparency=4)
    plain = saved(picture(12, 10).quantize(16), "GIF")
    for name, data in (("transparent", small), ("plain", plain)):
        for background in (0, 9):
            # The frame lies within a larger screen.
            screen = data[:6] + struct.pack("<HH", 31, 23) + data[10:11] + bytes([background]) + data[12:]
            at = screen.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 10, 12))
            screen = screen[: at + 1] + struct.pack("<HHHH", 7, 5, 10, 12) + screen[at + 9 :]
            add(f"within_a_screen_{name}_{background}.gif", screen)
    at = plain.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 10, 12))
    add("beyond_the_screen.gif", plain[: at + 1] + struct.pack("<HHHH", 4, 5, 10, 12) + plain[at + 9 :])
    palette = plain[13 : 13 + 48]
    local = plain[:10] + b"\x70" + plain[11:13] + plain[13 + 48 :]
    at = local.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 10, 12))
    add("local_palette.gif", local[: at + 9] + b"\x83" + palette[::-1] + local[at + 10 :])
    add("without_palette.gif", local)
    whole = saved(picture(60, 60).quantize(200), "GIF")
    add("cut_half.gif", whole[: len(whole) // 2])
    add("cut_last_block.gif", whole[:-20])
    add("without_trailer.gif", whole[:-1])
    add("without_terminator.gif", whole[:-2])
    add("cut_header.gif", whole[:12])
    add("cut_palette.gif", whole[:100])
    damaged = bytearray(whole)
    damaged[1200] ^= 0x55
    add("damaged_codes.gif", damaged)
    add("no_frame.gif", plain[: plain.index(b"\x2c")] + b";")
    add("87a.gif", b"GIF87a" + plain[6:])
    add("comment.gif", saved(picture().quantize(16), "GIF", comment=b"c" * 400))


# TIFF


def tiffs():
    image = picture()
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "LA", "I;16", "I", "F"):
        source = image.convert(mode) if mode not in ("I;16", "LAB") else image.convert("L").convert("I").point(lambda v: v * 200).convert("I;16")
        if mode == "LAB":
            source = Image.merge("LAB", image.split())
        if mode == "RGBA":
            source.putalpha(ramp())
        add(f"{mode.replace(';', '_')}.tif", saved(source, "TIFF"))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        for mode in ("L", "RGB"):
            add(f"{mode}_{compression}.tif", saved(image.convert(mode), "TIFF", compression=compression))
    add("RGBA_tiff_lzw.tif", saved(files_rgba(), "TIFF", compression="tiff_lzw"))
    add("P_tiff_lzw.tif", saved(image.convert("P"), "TIFF", compression="tiff_lzw"))
    add("CMYK_tiff_lzw.tif", saved(image.convert("CMYK"), "TIFF", compression="tiff_lzw"))
    for compression in ("group3", "group4", "tiff_ccitt"):
        add(f"1_{compression}.tif", saved(image.convert("1"), "TIFF", compression=compression))
    add("RGB_predictor.tif", saved(image, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}))
    add("RGB_strips.tif", saved(image, "TIFF", tiffinfo={278: 4}))
    add("big_tiff.tif", saved(image, "TIFF", big_tiff=True))
    add("pages.tif", saved(image, "TIFF", save_all=True, append_images=[picture(seed=1)]))
    for orientation in (1, 2, 3, 6, 8):
        add(f"orientation_{orientation}.tif", saved(image, "TIFF", tiffinfo={274: orientation}))
    # Zero is white.
    grey = saved(image.convert("L"), "TIFF")
    at = grey.index(struct.pack("<HHI", 262, 3, 1))
    add("L_white_is_zero.tif", grey[: at + 8] + b"\0\0" + grey[at + 10 :])
    bilevel = saved(image.convert("1"), "TIFF")
    at = bilevel.index(struct.pack("<HHI", 262, 3, 1))
    add("1_other_polarity.tif", bilevel[: at + 8] + bytes([1 - bilevel[at + 8], 0]) + bilevel[at + 10 :])
    add("RGB_16.tif", tiff16(3))
    add("RGBA_16.tif", tiff16(4))
    add("L_16_big_endian.tif", tiff16(1))
    add("RGB_planar.tif", planar(image))
    add("RGBX.tif", saved(image.convert("RGBX"), "TIFF"))
    for name, data in (("", saved(picture(60, 60), "TIFF")), ("_lzw", saved(picture(60, 60), "TIFF", compression="tiff_lzw"))):
        add(f"cut_half{name}.tif", data[: len(data) // 2])
        add(f"cut_last{name}.tif", data[:-1])
    add("cut_header.tif", grey[:6])
    data = saved(picture(60, 60), "TIFF", compression="tiff_lzw")
    # Its directory comes first.
    add("pages_cut.tif", saved(image, "TIFF", save_all=True, append_images=[picture(seed=1)])[:-200])
    add("garbage_behind.tif", data + b"garbage")
    add("palette_jpeg_quality.tif", saved(image, "TIFF", compression="jpeg", quality=30))


def files_rgba():
    image = picture().convert("RGBA")
    image.putalpha(ramp())
    return image


def directory(entries, endian):
    out = struct.pack(endian + "H", len(entries))
    for tag, kind, values in entries:
        packed = b"".join(struct.pack(endian + {3: "H", 4: "I"}[kind], v) for v in values)
        assert len(packed) <= 4
        out += struct.pack(endian + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return out + bytes(4)


def tiff16(channels):
    height, width = 11, 13
    pixels = numpy.random.default_rng(channels).integers(0, 65536, (height, width, channels)).astype(">u2").tobytes()
    body = struct.pack(">HHHH", 16, 16, 16, 16) + pixels
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]), (262, 3, [2 if channels >= 3 else 1]), (273, 4, [16])]
    entries += [(277, 3, [channels]), (278, 4, [height]), (279, 4, [len(pixels)])]
    if channels == 4:
        entries.append((338, 3, [2]))
    out = struct.pack(">2sHI", b"MM", 42, 16 + len(pixels)) + body
    packed = directory(entries, ">")
    if channels >= 3:
        # Values of 16 bits for each channel do not fit into the entry; they lie at 8.
        at = packed.index(struct.pack(">HHI", 258, 3, 1))
        packed = packed[: at + 4] + struct.pack(">II", channels, 8) + packed[at + 12 :]
    return out + packed


def planar(image):
    height, width = image.height, image.width
    planes = numpy.asarray(image).transpose(2, 0, 1).tobytes()
    size = height * width
    body = struct.pack("<HHH", 8, 8, 8) + bytes(2) + struct.pack("<III", 40, 40 + size, 40 + 2 * size) + struct.pack("<III", size, size, size)
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [0]), (259, 3, [1]), (262, 3, [2]), (273, 4, [0]), (277, 3, [3])]
    entries += [(278, 4, [height]), (279, 4, [0]), (284, 3, [2])]
    packed = directory(entries, "<")
    for tag, kind, count, offset in ((258, 3, 3, 8), (273, 4, 3, 16), (279, 4, 3, 28)):
        at = packed.index(struct.pack("<HHI", tag, kind, 1))
        packed = packed[: at + 4] + struct.pack("<II", count, offset) + packed[at + 12 :]
    return struct.pack("<2sHI", b"II", 42, 40 + 3 * size) + body + planes + packed


# WebP


def webps():
    image = picture()
    for quality in (1, 20, 50, 80, 100):
        add(f"lossy_{quality}.webp", saved(image, "WEBP", quality=quality))
    for height, width in ((1, 1), (1, 17), (17, 1), (2, 3), (16, 16), (33, 31)):
        add(f"lossy_{height}x{width}.webp", saved(picture(height, width, 3), "WEBP", quality=75))
    add("lossless.webp", saved(image, "WEBP", lossless=True))
    add("lossless_grey.webp", saved(image.convert("L"), "WEBP", lossless=True))
    add("lossless_few_colors.webp", saved(image.quantize(4).convert("RGB"), "WEBP", lossless=True))
    add("lossy_alpha.webp", saved(files_rgba(), "WEBP", quality=60))
    add("lossless_alpha.webp", saved(files_rgba(), "WEBP", lossless=True))
    add("lossless_alpha_exact.webp", saved(files_rgba(), "WEBP", lossless=True, exact=True))
    for method in (0, 6):
        add(f"lossy_method_{method}.webp", saved(image, "WEBP", quality=40, method=method))
    frames = [picture(20, 24, k) for k in range(3)]
    add("animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    rgba = [f.convert("RGBA") for f in frames]
    rgba[0].putalpha(ramp(20, 24))
    add("animated_alpha.webp", saved(rgba[0], "WEBP", save_all=True, append_images=rgba[1:], lossless=True))
    add("animated_lossy.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=60))
    exif = Image.Exif()
    exif[0x0112] = 6
    add("exif_orientation_6.webp", saved(image, "WEBP", exif=exif))
    for name, data in (("lossy", saved(picture(60, 60), "WEBP", quality=80)), ("lossless", saved(picture(60, 60), "WEBP", lossless=True))):
        add(f"cut_half_{name}.webp", data[: len(data) // 2])
        add(f"cut_9_tenths_{name}.webp", data[: len(data) * 9 // 10])
        add(f"cut_last_{name}.webp", data[:-1])
        add(f"cut_header_{name}.webp", data[:20])
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 0x55
        add(f"damaged_{name}.webp", damaged)
        add(f"garbage_behind_{name}.webp", data + b"garbage")


def reading(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception as error:
        return f"unreadable {type(error).__name__}: {(str(error).splitlines() or [''])[0][:90]}"
    return f"{image.height} {image.width} {zlib.crc32(image.tobytes()):08x}"


for part in (pngs, bmps, gifs, tiffs, webps):
    part()
table = "".join(f"{name}\t{reading(data)}\n" for name, data in files.items())
target = pathlib.Path(__file__).with_name("images.zip")
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, data in [*files.items(), ("pillow.txt", table.encode())]:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)
print(table)
print(len(files), "files,", target.stat().st_size, "bytes")

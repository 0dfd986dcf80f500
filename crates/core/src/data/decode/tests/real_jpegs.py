"""Prints, for folders of JPEGs, their number and one CRC-32 over what Pillow reads in all of them, sorted by path: height and width as four
bytes each, lowest first, then the pixels of `convert("RGB")`.

    real_jpegs.py FOLDER...
"""
import pathlib
import struct
import sys
import zlib

from PIL import Image

for folder in sys.argv[1:]:
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    crc = 0
    for path in files:
        image = Image.open(path).convert("RGB")
        crc = zlib.crc32(struct.pack("<II", image.height, image.width) + image.tobytes(), crc)
    print(f'("{pathlib.Path(folder).name}", {len(files)}, {crc:#010x}),')

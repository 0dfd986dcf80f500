"""Makes the fonts of the tests: `han.otf`, whose outlines are CFF, with two Chinese characters, and `arabic.ttf`, whose outlines are TrueType,
with two letters that join. Every glyph is a rectangle of its own size. Prints what HarfBuzz sets the texts of the tests to.

pip install fonttools uharfbuzz
"""

import uharfbuzz
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen


def rectangle(pen, width, height):
    pen.moveTo((50, 0))
    pen.lineTo((50, height))
    pen.lineTo((50 + width, height))
    pen.lineTo((50 + width, 0))
    pen.closePath()


def builder(family, glyphs, characters, is_ttf):
    """`glyphs`: name -> (advance, width, height of the rectangle)."""
    font = FontBuilder(1000, isTTF=is_ttf)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap(characters)
    drawn = {}
    for name, (advance, width, height) in glyphs.items():
        pen = TTGlyphPen(None) if is_ttf else T2CharStringPen(advance, None)
        if width:
            rectangle(pen, width, height)
        drawn[name] = pen.glyph() if is_ttf else pen.getCharString()
    postscript = family.replace(" ", "")
    if is_ttf:
        font.setupGlyf(drawn)
    else:
        font.setupCFF(postscript, {}, drawn, {})
    font.setupHorizontalMetrics({name: (advance, 50) for name, (advance, _, _) in glyphs.items()})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": family, "styleName": "Regular", "psName": postscript})
    font.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120, fsType=0)
    font.setupPost()
    font.updateHead(created=0, modified=0)
    return font


han = builder(
    "Flatland Test Han",
    {".notdef": (1000, 900, 900), "space": (500, 0, 0), "bei": (1000, 900, 800), "jing": (1000, 700, 600)},
    {0x20: "space", 0x5317: "bei", 0x4EAC: "jing"},
    False,
)
han.save("han.otf")

arabic = builder(
    "Flatland Test Arabic",
    {
        ".notdef": (500, 400, 900),
        "space": (250, 0, 0),
        "alef": (200, 100, 700),
        "alef.fina": (300, 200, 700),
        "beh": (800, 700, 300),
        "beh.init": (400, 300, 350),
        "beh.medi": (450, 350, 360),
        "beh.fina": (700, 600, 370),
    },
    {0x20: "space", 0x627: "alef", 0x628: "beh"},
    True,
)
addOpenTypeFeaturesFromString(
    arabic.font,
    """
    languagesystem DFLT dflt;
    languagesystem arab dflt;
    feature init { sub beh by beh.init; } init;
    feature medi { sub beh by beh.medi; } medi;
    feature fina { sub beh by beh.fina; sub alef by alef.fina; } fina;
    """,
)
arabic.save("arabic.ttf")

for file, text in [("han.otf", "北京"), ("arabic.ttf", "باب")]:
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(file))
    font, buffer = uharfbuzz.Font(face), uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer)
    print(file, [(info.codepoint, place.x_advance) for info, place in zip(buffer.glyph_infos, buffer.glyph_positions)])

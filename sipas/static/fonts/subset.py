"""Makes the font files of this folder from Debian's `fonts-noto-core`: Latin, Vietnamese and our pages' signs in two
weights, and the letters of Thái (Tai Viet), of which there is one weight.

    pip install fonttools==4.68.0 brotli
    python subset.py [FOLDER OF THE TTF FILES]

Run it again only when a page needs another sign; two runs give equal bytes.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SIGNS = (
    "U+0020-007E,U+00A0-00FF,"  # Latin
    "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+1EA0-1EF9,"  # Vietnamese
    "U+0300-0301,U+0303,U+0309,U+0323,"  # its tone marks, where a text is not composed
    "U+2010-2015,U+2018-201E,U+2022,U+2026,U+2030,U+2032-2033,U+20AB,U+20AC,U+2212,U+2248,U+2260,U+2264-2265"
)
TAI_VIET = "U+AA80-AAC2,U+AADB-AADF"


def main(source: Path) -> None:
    for weight in ("Regular", "Bold"):
        made(source / f"NotoSans-{weight}.ttf", SIGNS, f"noto-sans-{weight.lower()}.woff2")
    made(source / "NotoSansTaiViet-Regular.ttf", TAI_VIET, "noto-sans-tai-viet.woff2")


def made(font: Path, signs: str, name: str) -> None:
    """One file of this folder."""
    subprocess.run(  # noqa: S603 - our own words
        [
            *(sys.executable, "-m", "fontTools.subset", str(font)),
            f"--unicodes={signs}",
            "--layout-features=kern,mark,mkmk,ccmp,locl,tnum",
            "--no-hinting",
            "--desubroutinize",
            "--flavor=woff2",
            f"--output-file={HERE / name}",
        ],
        check=True,
    )


def stand_in(ours: Path, theirs: Path, text: str) -> dict[str, float]:
    """How a font of a device has to be set so that it fills the place of ours (`../css/fonts.css`), in per cent: as
    wide on this text, and with our heights. The numbers there are of the Vietnamese words of `translations/`, for
    Roboto 2.137, Liberation Sans 1.07, which is as wide as Arial, and DejaVu Sans 2.37.
    """
    from fontTools.ttLib import TTFont

    fonts = [TTFont(ours), TTFont(theirs)]
    known = set.intersection(*(set(font.getBestCmap()) for font in fonts))
    said = [ord(letter) for letter in text if ord(letter) in known]

    def width(font: TTFont) -> float:
        names, wide = font.getBestCmap(), font["hmtx"]
        return sum(wide[names[letter]][0] for letter in said) / font["head"].unitsPerEm

    size = width(fonts[0]) / width(fonts[1])
    em, heights = fonts[0]["head"].unitsPerEm, fonts[0]["hhea"]
    parts = {"size-adjust": size, "ascent-override": heights.ascent / em / size}
    parts["descent-override"] = -heights.descent / em / size
    return {name: round(100 * part, 1) for name, part in parts.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/truetype/noto"))

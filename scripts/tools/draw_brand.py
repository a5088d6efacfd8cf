"""Draw the images in custom_components/joulekeeper/brand: a battery that is a shield.

Usage: .venv/bin/python scripts/tools/draw_brand.py
"""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[2] / "custom_components/joulekeeper/brand"
UNIT = 1024
"""Side of the square in which the mark's coordinates are given."""
OVERSAMPLING = 4

type Colour = tuple[int, int, int]
type Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours for one background."""

    prefix: str
    shell_top: Colour
    shell_bottom: Colour
    core: Colour
    bolt: Colour
    text: Colour


THEMES = (
    Theme(
        "",
        shell_top=(20, 184, 166),
        shell_bottom=(13, 110, 120),
        core=(8, 51, 68),
        bolt=(251, 191, 36),
        text=(15, 70, 84),
    ),
    Theme(
        "dark_",
        shell_top=(94, 234, 212),
        shell_bottom=(20, 160, 155),
        core=(7, 42, 56),
        bolt=(252, 211, 77),
        text=(226, 246, 244),
    ),
)

BOLT: Points = [(590, 290), (352, 590), (496, 590), (434, 824), (672, 500), (524, 500)]


def cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    """Return a point of a cubic Bézier curve."""
    s = 1 - t
    return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d


def shield(inset: float) -> Points:
    """Return the outline: round shoulders above, a shield's point below."""
    left, right, top = 132 + inset, 892 - inset, 128 + inset
    waist, tip = 560 - inset / 4, 1012 - inset * 1.25
    corner = 130 - inset / 2
    curves = (
        # from, control, control, to
        ((left, top + corner), (left, top), (left, top), (left + corner, top)),
        ((right - corner, top), (right, top), (right, top), (right, top + corner)),
        ((right, waist), (right, waist + 230), (640, tip - 70), (512, tip)),
        ((512, tip), (384, tip - 70), (left, waist + 230), (left, waist)),
    )
    return [
        (
            cubic(a[0], b[0], c[0], d[0], step / 48),
            cubic(a[1], b[1], c[1], d[1], step / 48),
        )
        for a, b, c, d in curves
        for step in range(49)
    ]


def draw_mark(theme: Theme, size: int) -> Image.Image:
    """Draw the mark in a square of the given size."""
    side = size * OVERSAMPLING
    scale = side / UNIT

    def scaled(points: Points) -> Points:
        return [(x * scale, y * scale) for x, y in points]

    shape = Image.new("L", (side, side))
    pen = ImageDraw.Draw(shape)
    pen.polygon(scaled(shield(0)), fill=255)
    # the battery's terminal
    pen.rounded_rectangle(
        [n * scale for n in (392, 12, 632, 180)], radius=44 * scale, fill=255
    )
    ramp = Image.linear_gradient("L").resize((side, side))
    image = Image.composite(
        Image.new("RGB", (side, side), theme.shell_bottom),
        Image.new("RGB", (side, side), theme.shell_top),
        ramp,
    )
    pen = ImageDraw.Draw(image)
    pen.polygon(scaled(shield(76)), fill=theme.core)
    pen.polygon(scaled(BOLT), fill=theme.bolt)
    # a stroke of the same colour rounds the bolt's corners
    pen.line(
        scaled([*BOLT, *BOLT[:2]]),
        fill=theme.bolt,
        width=round(30 * scale),
        joint="curve",
    )
    image.putalpha(shape)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def draw_logo(theme: Theme, height: int) -> Image.Image:
    """Draw the mark with the name beside it."""
    mark = draw_mark(theme, height)
    # the font that is part of Pillow
    font = ImageFont.load_default(height * 0.52)
    name = "Joulekeeper"
    left, top, right, bottom = font.getbbox(name, stroke_width=height / 90)
    gap = height // 16
    image = Image.new("RGBA", (round(height + gap + right - left), height))
    image.paste(mark)
    ImageDraw.Draw(image).text(
        (height + gap - left, (height - top - bottom) / 2),
        name,
        font=font,
        fill=theme.text,
        stroke_width=height / 90,
        stroke_fill=theme.text,
    )
    return image


def main() -> None:
    """Write every image in both resolutions."""
    for theme in THEMES:
        for suffix, size in (("", 256), ("@2x", 512)):
            draw_mark(theme, size).save(
                FOLDER / f"{theme.prefix}icon{suffix}.png", optimize=True
            )
            draw_logo(theme, size // 2).save(
                FOLDER / f"{theme.prefix}logo{suffix}.png", optimize=True
            )


if __name__ == "__main__":
    main()

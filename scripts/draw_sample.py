"""Draw the sample collection that the demonstration loads, with its catalogue in SemArt's columns.

    python scripts/draw_sample.py [FOLDER [TITLE ...]]

FOLDER is by default where the package keeps the sample; with TITLEs, only these paintings are drawn. A picture is the
same each time it is drawn with the same versions of NumPy and Pillow: an underpainting after a recipe
(sample_paintings.py), then strokes of oil along its contours. All 26 take about 40 seconds of CPU time.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partialmethod
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sample_paintings import MOTIFS, PAINTINGS, Painting

from art_mcp.sample import SAMPLE, TABLE

SEED = 2026
QUALITY = 82
"""Of the JPEGs: 1.4 MB in all, and no difference from 92 (2.4 MB) can be seen at twice the size."""
COLUMNS = ("IMAGE_FILE", "DESCRIPTION", "AUTHOR", "TITLE", "TECHNIQUE", "DATE", "TYPE", "SCHOOL", "TIMEFRAME")
DIRECTIONS = 24
"""In which strokes are drawn, over half a turn."""
NO_PAINTS = np.empty((0, 3))


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], across: float, down: float, octaves: int = 5
) -> np.ndarray:
    """Cloud-like noise of unit spread; its largest features measure `across` by `down` pixels."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        grid = [int(n / max(cell / 2**octave, 1.5)) + 3 for n, cell in zip(shape, (down, across), strict=True)]
        layer = Image.fromarray(rng.standard_normal(grid, np.float32))
        total += 0.55**octave * np.asarray(layer.resize(shape[::-1], Image.Resampling.BICUBIC))
    total /= total.std() + 1e-6
    return total


def gradient(colours: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Colours from the first (t = 0) to the last (t = 1), shape (*t.shape, 3)."""
    return np.stack([np.interp(t, np.linspace(0, 1, len(colours)), band) for band in colours.T], -1)


def spline(points: np.ndarray, closed: bool) -> np.ndarray:
    """A Catmull-Rom curve through complex points."""
    knots = np.r_[points[-1:], points, points[:2]] if closed else np.r_[points[:1], points, points[-1:]]
    a, b, c, d = (knots[k : len(knots) - 3 + k, None] for k in range(4))
    t = np.arange(8) / 8
    curve = b + (c - a) / 2 * t + (a - 2.5 * b + 2 * c - d / 2) * t**2 + (1.5 * (b - c) + (d - a) / 2) * t**3
    return np.append(curve.ravel(), [] if closed else points[-1:])


class Canvas:
    """An underpainting. Its verbs are the commands of the recipes; lengths are hundredths of the height.

    Points are complex numbers, in pixels. A motif is drawn with an origin, a turn (and scale) and perhaps mirrored.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.image, self.rng, self.unit = Image.new("RGB", (width, height)), rng, height / 100
        self.origin, self.turn, self.mirrored = 0j, 1 + 0j, False

    def draw(self, recipe: str, paints: np.ndarray = NO_PAINTS) -> None:
        """Run a recipe. Args: paints: what `$1`, `$2`, ... stand for."""
        verb, names, numbers = "", list[str](), list[float]()
        colours = paints
        for words in map(str.split, recipe.split(";")):
            if words[0][0].isalpha():
                verb, names, numbers = words[0], [word for word in words[1:] if word[0].isalpha()], []
            hues = [list(paints[(int(word[1]) - 1) % len(paints)]) for word in words if word[0] == "$"]
            hues += [[17.0 * int(digit, 16) for digit in word[1:]] for word in words if word[0] == "#"]
            colours = np.array(hues) if hues else colours
            given = [float(word) for word in words if word[0] in "-.0123456789" and "," not in word]
            numbers = given + numbers[len(given) :]
            points = np.array([complex(*map(float, word.split(","))) for word in words if "," in word])
            points = self.origin + self.turn * (-points.conj() if self.mirrored else points)
            getattr(self, verb)(colours, points * self.unit, *names, *numbers)

    def lay(self, pixels: np.ndarray, x: int, y: int, mask: np.ndarray) -> None:
        """Put pixels (height, width, 3) where the mask (0 to 1) lets them."""
        cover = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
        self.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), (x, y), cover)

    def form(self, colours: np.ndarray, points: np.ndarray, roundness: float = 1.0, curved: bool = True) -> None:
        """A solid: its silhouette, inflated and lit from the upper left. Colours: body, light, shadow."""
        edge, body = spline(points, True) if curved else points, colours[0]
        x, y = (max(0, int(side.min()) - 2) for side in (edge.real, edge.imag))
        wide = max(2, int(min(self.image.width, edge.real.max() + 3)) - x)
        high = max(2, int(min(self.image.height, edge.imag.max() + 3)) - y)
        mask = Image.new("L", (wide * 2, high * 2))
        ImageDraw.Draw(mask).polygon([(p.real * 2, p.imag * 2) for p in edge - complex(x, y)], fill=255)
        mask = mask.reduce(2)
        if wide * high < 200:  # too small for light and shadow
            self.image.paste(tuple(map(int, np.clip(body, 0, 255))), (x, y), mask)
            return
        light, shadow = colours[1:3] if len(colours) > 2 else (body * 0.72 + 80, body * 0.38)
        lit = 0.08 * fractal(self.rng, (high, wide), 45, 45, 3)
        for part in (4, 12) if roundness else ():
            sigma = max(1.0, roundness * min(wide, high) / part)
            down, right = np.gradient(np.asarray(mask.filter(ImageFilter.GaussianBlur(sigma)), np.float32))
            lit += (right * 0.6 + down * 0.7) * sigma / 160
        tone = np.maximum(lit, 0)[..., None] * (light - body) + np.clip(lit, -1, 0)[..., None] * (body - shadow)
        self.lay(body + tone, x, y, np.asarray(mask) / 255)

    poly = partialmethod(form, roundness=0, curved=False)

    def orb(self, colours: np.ndarray, points: np.ndarray, across: float, down: float, roundness: float = 1.0) -> None:
        """An ellipse at each point, with these half axes."""
        ring = np.exp(0.2j * np.arange(31.4)) * self.turn * self.unit
        for centre in points:
            self.form(colours, centre + ring.real * across + 1j * ring.imag * down, roundness, False)

    def limb(self, colours: np.ndarray, points: np.ndarray, start: float, end: float, roundness: float = 0.0) -> None:
        """A tapering line: a mast, a leg, a branch."""
        curve = spline(points, False)
        side = np.exp(1j * np.angle(np.gradient(curve))) * abs(self.turn) * self.unit * 0.5j
        side *= np.linspace(start, end, len(curve))
        self.form(colours, np.append(curve + side, (curve - side)[::-1]), roundness, False)

    def soft(self, colours: np.ndarray, points: np.ndarray, blur: float, strength: float) -> None:
        """A see-through patch with a blurred edge: a shadow, a beam, a blush; round a single point, a glow."""
        blur, mask = float(blur * abs(self.turn) * self.unit), Image.new("L", self.image.size)
        edge = points[0] + 1.3 * blur * np.exp(0.3j * np.arange(21)) if len(points) == 1 else points
        ImageDraw.Draw(mask).polygon([(p.real, p.imag) for p in edge], fill=int(255 * strength))
        self.image.paste(tuple(map(int, colours[0])), (0, 0), mask.filter(ImageFilter.GaussianBlur(blur)))

    def ridge(
        self, colours: np.ndarray, points: np.ndarray, rough: float, cell: float, fade: float, relief: float = 0.0
    ) -> None:
        """Land from a skyline to the bottom edge; its colours run down from the crest over `fade`."""
        line, cell = points if relief else spline(points, False), cell * self.unit
        crest = np.interp(np.arange(self.image.width), line.real, line.imag)
        crest += rough * self.unit * fractal(self.rng, (2, len(crest)), cell, 9)[0]
        depth = np.arange(self.image.height)[:, None] - crest
        bumps = fractal(self.rng, depth.shape, cell, cell * (0.5 + relief))
        slope = 1 + (0.05 + relief * 0.5) * np.gradient(bumps, axis=1) * cell / 9
        tone = gradient(colours, depth / (fade * self.unit) + (0.06 + relief * 0.3) * bumps)
        self.lay(tone * slope[..., None], 0, 0, depth + 0.5)

    def wash(self, colours: np.ndarray, points: np.ndarray, top: float, bottom: float) -> None:
        """A sky, a wall, a floor: colours that run down from `top` to `bottom`."""
        self.ridge(colours, np.array([0, 9e3]) + 1j * top * self.unit, 0, 60, bottom - top)

    def clouds(self, colours: np.ndarray, points: np.ndarray, bottom: float, amount: float, size: float) -> None:
        """Banks of cloud lit from above: light colour, dark colour."""
        t = np.linspace(0, 1, int(bottom * self.unit))[:, None]
        size, step = size * self.unit, int(size * self.unit / 8)
        field = fractal(self.rng, (len(t) + step, self.image.width + step), size * 2.2, size, 6)
        mass, lit = field[:-step, :-step], field[:-step, :-step] - field[step:, step:]
        cover = (mass + amount * 2 - 1) * 0.9 * np.clip(np.minimum(t * 8 + 0.6, (1 - t) * 5), 0, 1)
        self.lay(gradient(colours[::-1], 0.5 + lit * 0.45), 0, 0, np.clip(cover, 0, 0.95))

    def mirror(self, colours: np.ndarray, points: np.ndarray, line: float, strength: float, ripple: float) -> None:
        """Water that reflects what stands above `line`: far colour, near colour."""
        seen, first = np.asarray(self.image, np.float32), int(line * self.unit)
        shape, ripple = (len(seen) - first, seen.shape[1]), ripple * self.unit
        wave, away = fractal(self.rng, shape, 30 * ripple, 1.6 * self.unit, 4), np.linspace(0, 1, shape[0])[:, None]
        y = first - np.arange(shape[0])[:, None] * 0.9 - np.abs(wave) * ripple * (0.4 + 2.4 * away)
        x = np.clip(np.arange(shape[1]) + wave * ripple * (0.3 + 1.5 * away), 0, shape[1] - 1)
        tint = gradient(colours, away + 0.15 * wave)
        seen = seen[np.clip(y, 0, first).astype(int), x.astype(int)] - tint
        self.lay(tint + seen * (strength * (1 - 0.35 * away))[..., None], 0, first, np.ones(shape))

    def put(
        self,
        colours: np.ndarray,
        points: Iterable[complex],
        motif: str,
        size: float,
        turn: float = 0.0,
        flip: float = 0.0,
        sway: float = 0.0,
    ) -> None:
        """A motif at each point, scaled, turned by degrees, perhaps mirrored; `sway` is the turn's spread."""
        kept = self.origin, self.turn, self.mirrored
        for point in points if abs(self.turn) * size * self.unit > 0.9 else ():
            lean = np.exp(1j * np.radians(turn + self.rng.normal(0, sway)))
            self.origin, self.turn, self.mirrored = point / self.unit, kept[1] * size * lean, flip != kept[2]
            self.draw(MOTIFS[motif], colours)
            self.origin, self.turn, self.mirrored = kept

    def many(
        self,
        colours: np.ndarray,
        points: np.ndarray,
        motif: str,
        count: float,
        small: float,
        large: float,
        mixed: float = 0.0,
    ) -> None:
        """A motif scattered between two corners, from far to near; mixed: its colours change places."""
        reach = points[1] - points[0]
        for t in np.sort(self.rng.random(int(count))):
            spot = points[0] + complex(reach.real * self.rng.random(), reach.imag * t)
            size, flip = (small + (large - small) * t) * self.rng.uniform(0.75, 1.25), self.rng.random() < 0.5
            paints = np.roll(colours, self.rng.integers(len(colours)), 0) if mixed else colours
            self.put(paints + self.rng.normal(0, 5), [spot], motif, size, 0, flip, 5)


@cache
def brushes(width: int) -> list[list[Image.Image]]:
    """Marks of one brush: for every direction, some strokes with ragged ends and bristle streaks."""
    rng, marks = np.random.default_rng(width), []
    v, u = np.mgrid[-1 : 1 : complex(0, width * 2), -1 : 1 : complex(0, width * 7)]
    for _ in range(4):
        streaks = fractal(rng, u.shape, width * 10, max(2.0, width / 3), 2)
        bent = np.abs(v + rng.uniform(-0.25, 0.25) * (u**2 - 0.4))
        body = np.clip((1 - bent**3 - np.abs(u + 0.08 * streaks) ** 5) * 3, 0, 1)
        marks.append(Image.fromarray((body * np.clip(0.8 + 0.22 * streaks, 0.25, 1) * 255).astype(np.uint8)))
    turns = (-180 / DIRECTIONS * direction for direction in range(DIRECTIONS))
    return [[mark.rotate(turn, Image.Resampling.BICUBIC, True).reduce(2) for mark in marks] for turn in turns]


def oil(reference: Image.Image, rng: np.random.Generator, brush: float, broken: float) -> Image.Image:
    """Paint a picture over in oil: strokes along its contours, coarse to fine, then relief and varnish."""
    width, height = reference.size
    down, right = np.gradient(np.asarray(reference.convert("L").filter(ImageFilter.GaussianBlur(3)), np.float32))
    drift = 0.7 * fractal(rng, (height, width), width / 2, height / 2, 2)
    across, along = right**2 - down**2 - 2 * np.cos(drift), 2 * right * down - 2 * np.sin(drift)
    angle = np.arctan2(along, across) / 2 + np.pi / 2
    canvas = Image.new("RGBA", reference.size, (120, 90, 70, 120))  # the fourth band is the paint's thickness
    for wide, allowed in ((18, -99), (9, 14), (5, 22), (3, 30)):  # a stroke's width, and the error that it leaves
        wide = max(3, round(wide * brush))
        target = np.asarray(reference.filter(ImageFilter.GaussianBlur(wide / 4)), np.float32)
        spots = np.mgrid[0 : height : wide * 0.75, 0 : width : wide * 0.75].reshape(2, -1)
        spots += rng.uniform(-0.4, 0.4, spots.shape) * wide
        y, x = np.clip(spots, 0, [[height - 1], [width - 1]]).astype(int)
        error = np.abs(np.asarray(canvas, np.float32)[y, x, :3] - target[y, x]).sum(-1)
        y, x = rng.permutation(np.stack([y, x])[:, error > allowed], 1)
        tints = target[y, x] + broken * (rng.normal(0, 1, (len(x), 1)) + rng.normal(0, 0.8, (len(x), 3)))
        turns = ((angle[y, x] + rng.normal(0, 0.12, len(x))) / np.pi * DIRECTIONS).round() % DIRECTIONS
        rest = rng.integers(4, size=len(x)), np.clip(tints, 0, 255), rng.uniform(90, 165, len(x))
        for a, b, turn, kind, *tint in np.column_stack([x, y, turns, *rest]).astype(int).tolist():
            mark = brushes(wide)[turn][kind]
            canvas.paste(tuple(tint), (a - mark.width // 2, b - mark.height // 2), mark)
    painted = np.asarray(canvas, np.float32)
    relief = painted @ (0.08, 0.08, 0.08, 1)
    shine = np.clip(relief - np.roll(relief, (-1, -1), (0, 1)), -45, 45) * -0.16
    y, x = np.ogrid[-1 : 1 : complex(0, height), -1 : 1 : complex(0, width)]
    varnish = (1 - 0.16 * np.clip(x**2 + y**2 - 0.5, 0, 2))[..., None] * (1.01, 1.0, 0.96)
    return Image.fromarray(np.clip((painted[..., :3] + shine[..., None]) * varnish, 0, 255).astype(np.uint8))


def draw_scene(number: int) -> Image.Image:
    """One painting of the catalogue, the same whenever it is drawn."""
    painting, rng = PAINTINGS[number], np.random.default_rng([SEED, number])
    canvas = Canvas(*painting.size, rng)
    canvas.draw(painting.recipe)
    return oil(canvas.image, rng, painting.painter.brush, painting.painter.broken)


def file_name(painting: Painting) -> str:
    return painting.title.lower().replace(" ", "-") + ".jpg"


def rows() -> Iterator[tuple[str, ...]]:
    """The catalogue, with its header."""
    yield COLUMNS
    for painting in PAINTINGS:
        painter, (width, height) = painting.painter, painting.size
        start = (int(painting.date[-4:]) - 1) // 50 * 50 + 1
        yield (
            file_name(painting),
            f"{painting.description} Drawn by art-mcp's sample script.",
            painter.name,
            painting.title,
            f"{painter.technique}, {width}x{height} px",
            painting.date,
            painting.type,
            painter.school,
            f"{start}-{start + 49}",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("titles", metavar="TITLE", nargs="*")
    options = parser.parse_args()
    titles = [painting.title for painting in PAINTINGS]
    if unknown := set(options.titles).difference(titles):
        parser.error(f"no painting is called {', '.join(unknown)}")
    numbers = [titles.index(title) for title in options.titles or titles]
    images = options.folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for number, picture in zip(numbers, pool.map(draw_scene, numbers), strict=True):
            picture.save(images / file_name(PAINTINGS[number]), quality=QUALITY, optimize=True)
    with (options.folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows())


if __name__ == "__main__":
    main()

"""A synthetic catalogue: its words have Zipf frequencies, and each artist paints few topics."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from art_mcp.ingest.names import artists
from art_mcp.painting import Catalogue, Painting, painting_id
from art_mcp.vision.weights import MODELS

ROWS_PER_TOPIC = 100
ROWS_PER_ARTIST = 40
TOPICS_PER_ARTIST = 3
FAITHFUL = 0.85
"""The share of an artist's paintings that are about the artist's own topics."""
TOPIC_WORDS = 5
SUBJECTS = [
    "painting", "portrait", "landscape", "figures", "light", "saint", "woman", "church", "composition", "colours",
]  # fmt: skip
"""Words of the trade, which therefore are frequent in the texts."""
SCHOOLS = [
    "Italian", "Dutch", "French", "Flemish", "German", "Spanish", "English", "Netherlandish", "Austrian",
    "Hungarian", "Swiss", "Danish",
]  # fmt: skip
TYPES = [
    "religious", "portrait", "landscape", "genre", "mythological", "still-life", "historical", "interior", "study",
    "other",
]  # fmt: skip
TECHNIQUES = ["Oil on canvas", "Oil on panel", "Fresco", "Tempera on panel", "Oil on copper", "Pastel on paper"]
SYLLABLES = [
    "ma", "ri", "do", "lo", "ve", "ra", "te", "san", "bel", "gio", "ca", "no", "ti", "pel", "ber", "del", "ron",
    "fa", "gri", "zo",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Corpus:
    paintings: list[Painting]
    topic_of: NDArray[np.int64]
    """The index in `topics` of each painting's topic."""
    topics: list[str]


def zipf(count: int, exponent: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of `count` things of which few are frequent."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return weights / float(weights.sum())


def vocabulary() -> list[str]:
    """English words, frequent ones first, as the built-in model's tokenizer lists them."""
    tokens = json.loads((MODELS / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = [token for token in tokens if re.fullmatch("[a-z]{3,}", token) and token not in SUBJECTS]
    return words[:8] + SUBJECTS + words[8:]


def make_topics(rows: int) -> list[str]:
    """The topics of a collection of that many paintings, each a few words."""
    rng = np.random.default_rng(0)
    words = vocabulary()
    flat = zipf(len(words), 0.5)
    count = max(1, rows // ROWS_PER_TOPIC)
    return [" ".join(rng.choice(words, TOPIC_WORDS, replace=False, p=flat)) for _ in range(count)]


def make_corpus(rows: int) -> Corpus:
    """A catalogue of that many paintings, always the same one."""
    paintings, topic_of, topics = stream_corpus(rows)
    return Corpus(list(paintings), topic_of, topics)


def stream_corpus(rows: int) -> tuple[Iterator[Painting], NDArray[np.int64], list[str]]:
    """The parts of `make_corpus`; the paintings are made one by one, since a million need gigabytes."""
    rng = np.random.default_rng(1)
    words = np.array(vocabulary(), object)
    topics = make_topics(rows)
    artists = max(1, rows // ROWS_PER_ARTIST)
    artist_of = rng.choice(artists, rows, p=zipf(artists, 0.8))
    own_topics = rng.integers(0, len(topics), (artists, TOPICS_PER_ARTIST))
    topic_of = np.where(
        rng.random(rows) < FAITHFUL,
        own_topics[artist_of, rng.integers(0, TOPICS_PER_ARTIST, rows)],
        rng.integers(0, len(topics), rows),
    )
    people = [_artist(rng) for _ in range(artists)]
    types = rng.choice(TYPES, len(topics), p=zipf(len(TYPES)))
    techniques = rng.choice(TECHNIQUES, rows, p=zipf(len(TECHNIQUES)))
    texts = _texts(rng, words, rows)

    def paintings() -> Iterator[Painting]:
        for row, (title, description) in enumerate(texts):
            topic = topic_of[row]
            about = rng.permutation(topics[topic].split())
            artist, school, born = people[artist_of[row]]
            yield _painting(
                row,
                year=born + 20 + int(rng.integers(0, 50)),
                title=" ".join([*about[:2], *title]).capitalize(),
                artist=artist,
                school=school,
                type=str(types[topic]),
                technique=f"{techniques[row]}, {rng.integers(20, 200)} x {rng.integers(20, 200)} cm",
                description=" ".join([*about[2:], *description]).capitalize() + ".",
            )

    return paintings(), topic_of, topics


def _artist(rng: np.random.Generator) -> tuple[str, str, int]:
    """Name, school and year of birth."""
    surname, given = ("".join(rng.choice(SYLLABLES, rng.integers(2, 5))) for _ in range(2))
    school = str(rng.choice(SCHOOLS, p=zipf(len(SCHOOLS))))
    return f"{surname.upper()}, {given.capitalize()}", school, int(rng.integers(1350, 1850))


def _texts(
    rng: np.random.Generator, words: NDArray[np.object_], rows: int
) -> Iterator[tuple[NDArray[np.object_], NDArray[np.object_]]]:
    """For each row the other words of its title and of its description; half have more than 45."""
    in_title = rng.integers(1, 5, rows)
    in_description = np.clip(rng.lognormal(np.log(45), 0.6, rows), 5, 400).astype(int)
    cumulative = zipf(len(words)).cumsum()
    for first, second in zip(in_title, in_description, strict=True):
        drawn = words[np.searchsorted(cumulative, rng.random(first + second))]
        yield drawn[:first], drawn[first:]


def _painting(row: int, year: int, **words: str) -> Painting:
    name = f"{row:06}.jpg"
    frame = f"{year - year % 50 + 1}-{year - year % 50 + 50}"
    return Painting(
        id=painting_id("bench", name),
        collection="bench",
        source_key=name,
        catalogue=Catalogue(date=str(year), timeframe=frame, **words),
        artists=tuple(artists(words["artist"])),
        years=(year, year),
        image_name=name,
        image_sha256=hashlib.sha256(name.encode()).digest(),
        image_width=1600,
        image_height=1200,
        image_format="JPEG",
    )

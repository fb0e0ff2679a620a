"""Count how ordinary words are, for `art_mcp.background`: make common_words.tsv.

    python scripts/count_words.py --parts PARTS [--output FILE]

PARTS holds `entries.jsonl` (catalogue entries of a museum, with `title` and `subjects`) and `caption_pairs.csv`
(`caption`, of photographs). A word is as common as in the one of the two in which it is more common. Names of artists
are not counted, because a name identifies even where it is frequent.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from art_mcp.background.words import COMMON_WORDS, RARE, stems

GENERIC = (
    "art artist artwork canvas catalogue collection colour depict drawing gallery image museum oil paint painter "
    "painting photo photograph picture portrait landscape print scene sculpture show sketch still life study style "
    "untitled view watercolour work"
)
"""Words that are about pictures, not about what they show: as common as a word can be."""


def shares(texts: Sequence[str]) -> dict[str, float]:
    """The share of the texts that have each stem."""
    found = Counter(stem for text in texts for stem in set(stems(text)))
    return {stem: number / len(texts) for stem, number in found.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--parts", type=Path, required=True)
    arguments.add_argument("--output", type=Path, default=COMMON_WORDS)
    options = arguments.parse_args()
    with open(options.parts / "entries.jsonl", encoding="utf-8") as file:
        entries = [" ".join([entry["title"], *entry["subjects"]]) for entry in map(json.loads, file)]
    with open(options.parts / "caption_pairs.csv", encoding="utf-8", newline="") as file:
        captions = [row["caption"] for row in csv.DictReader(file)]
    sources = [shares(entries), shares(captions), dict.fromkeys(stems(GENERIC), 1.0)]
    largest = {stem: max(source.get(stem, 0) for source in sources) for stem in sorted(set().union(*sources))}
    lines = [f"{stem}\t{share:.4f}\n" for stem, share in largest.items() if share > RARE]
    options.output.write_text("".join(lines), "utf-8", newline="\n")


if __name__ == "__main__":
    main()

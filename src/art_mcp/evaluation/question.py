"""A question whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from art_mcp.images.picture import Picture
from art_mcp.normalization import fold
from art_mcp.painting import Painting, filter_key


class Kind(StrEnum):
    """What a question is made of."""

    CAPTION = "caption"
    TITLE = "title"
    TITLE_AND_ARTIST = "title (artist)"
    CROP = "cropped picture"
    TILT = "tilted picture"
    FADE = "faded picture"
    SMALL = "small picture"


TITLES = (Kind.TITLE, Kind.TITLE_AND_ARTIST)
PICTURES = (Kind.CROP, Kind.TILT, Kind.FADE, Kind.SMALL)


@dataclass(frozen=True, slots=True)
class Question:
    """A text or a picture, and the painting that it should find."""

    kind: Kind
    expected: Painting
    asked: str | Picture

    def is_answered_by(self, painting: Painting) -> bool:
        """Whether it is the expected painting, or one that no search could tell from it.

        These are paintings with the same picture file and, for titles, paintings with the same title (and artist).
        """
        expected = self.expected
        if painting.id == expected.id:
            return True
        if expected.image_sha256 is not None and painting.image_sha256 == expected.image_sha256:
            return True
        if self.kind not in TITLES:
            return False
        one, other = painting.catalogue, expected.catalogue
        same_title = fold(one.title or "") == fold(other.title or "")
        same_artist = filter_key("artist", one.artist) == filter_key("artist", other.artist)
        return same_title and (same_artist or self.kind is Kind.TITLE)

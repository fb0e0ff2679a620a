"""What filters mean: natural values, and the stored ones that they find."""

from __future__ import annotations

import pytest

from art_mcp.errors import ArtMcpError
from art_mcp.painting import EVERYTHING, Catalogue, Filters, Painting, filter_key, painting_id
from art_mcp.search.filter_values import FilterError, resolve
from art_mcp.store import paintings
from art_mcp.store.browsing import browse
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.filters import has_value, stored_values
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

ARTISTS = (
    "Claude Monet",
    "Édouard Manet",
    "Vincent van Gogh",
    "Rembrandt",
    "Pieter Bruegel the Elder",
    "Leonardo da Vinci",
    "Edgar Degas",
    "Johannes Vermeer",
    "Diego Velázquez",
    "Henri de Toulouse-Lautrec",
    "Joseph Mallord William Turner",
    "Paul Gauguin",
    "Artemisia Gentileschi",
    "Orazio Gentileschi",
    "Michelangelo Merisi da Caravaggio",
    "Follower of Hieronymus Bosch",
    "Workshop of Rembrandt",
    "Raphael",
    "Katsushika Hokusai",
    "Claude Lorrain",
    "Adriaen van Ostade",
    "Репин Илья",
)
FIELDS = {
    "school": ("Dutch", "French school", "Italian", "Impressionist"),
    "type": ("still-life", "Portrait", "self-portrait", "landscape"),
    "technique": ("Oil on canvas, 10 x 20 cm", "Oil on panel", "Watercolour on paper", "Etching"),
    "collection": ("My museum", "Tate – open data", "prints"),
}
# The filter, what somebody says, and what is found. "=" marks the only ones that were found before.
MEANT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("artist", "Monet", ("Claude Monet",)),
    ("artist", "monet, claude", ("=Claude Monet",)),
    ("artist", "van gogh", ("Vincent van Gogh",)),
    ("artist", "Vincent van Gough", ("Vincent van Gogh",)),
    ("artist", "Rembrandt van Rijn", ("Rembrandt",)),
    ("artist", "Rembrandt Harmensz. van Rijn", ("Rembrandt",)),
    ("artist", "Rembrant", ("Rembrandt",)),
    ("artist", "Brueghel", ("Pieter Bruegel the Elder",)),
    ("artist", "Pieter Brueghel", ("Pieter Bruegel the Elder",)),
    ("artist", "Da Vinci", ("Leonardo da Vinci",)),
    ("artist", "Leonardo", ("Leonardo da Vinci",)),
    ("artist", "Degas", ("Edgar Degas",)),
    ("artist", "Hilaire-Germain-Edgar Degas", ("Edgar Degas",)),
    ("artist", "Jan Vermeer", ()),
    ("artist", "Vermeer", ("Johannes Vermeer",)),
    ("artist", "Velasquez", ("Diego Velázquez",)),
    ("artist", "toulouse lautrec", ("Henri de Toulouse-Lautrec",)),
    ("artist", "J.M.W. Turner", ("Joseph Mallord William Turner",)),
    ("artist", "JMW Turner", ("Joseph Mallord William Turner",)),
    ("artist", "William Turner", ("Joseph Mallord William Turner",)),
    ("artist", "Gaugin", ("Paul Gauguin",)),
    ("artist", "Gentileschi", ("Artemisia Gentileschi", "Orazio Gentileschi")),
    ("artist", "Artemisia", ("Artemisia Gentileschi",)),
    ("artist", "Carravagio", ("Michelangelo Merisi da Caravaggio",)),
    ("artist", "Hieronymus Bosch", ("Follower of Hieronymus Bosch",)),
    ("artist", "Raphael Sanzio", ("Raphael",)),
    ("artist", "Hokusai", ("Katsushika Hokusai",)),
    ("artist", "Edouard", ("Édouard Manet",)),
    ("artist", "Claude", ()),
    ("artist", "John Turner", ()),
    ("artist", "Renoir", ()),
    ("artist", "Raffaello", ("Raphael",)),
    ("artist", "葛飾北斎", ("Katsushika Hokusai",)),
    ("artist", "Ван Гог", ("Vincent van Gogh",)),
    ("artist", "Веласкес", ("Diego Velázquez",)),
    ("artist", "Tiziano", ()),
    ("artist", "Repin", ("Репин Илья",)),
    ("school", "dutch", ("=Dutch",)),
    ("school", "Dutch school", ("Dutch",)),
    ("school", "French", ("French school",)),
    ("school", "Impressionism", ("Impressionist",)),
    ("type", "still life", ("=still-life",)),
    ("type", "still lifes", ("still-life",)),
    ("type", "portraits", ("Portrait",)),
    ("type", "landscape painting", ("landscape",)),
    ("type", "landscpae", ("landscape",)),
    ("technique", "oil", ("Oil on canvas", "Oil on panel")),
    ("technique", "oil on canvas", ("=Oil on canvas",)),
    ("technique", "oil paint on panel", ("Oil on panel",)),
    ("technique", "watercolor", ("Watercolour on paper",)),
    ("collection", "my museum", ("My museum",)),
    ("collection", "Tate", ("Tate – open data",)),
    ("collection", "Prints", ("prints",)),
    ("collection", "Louvre", ()),
)


def entry(number: int) -> Entry:
    artist = ARTISTS[number % len(ARTISTS)]
    of = {field: values[number % len(values)] for field, values in FIELDS.items()}
    collection, key = of.pop("collection"), f"{number}.jpg"
    words = Catalogue(title=key, artist=artist, **of)
    id = painting_id(collection, key)
    return Entry.read(Painting(id, collection, key, words, (artist,), (1600, 1600), key, b"", 1, 1, "JPEG"), (), {})


async def fill(database: Database) -> None:
    async with database.transaction() as connection:
        await paintings.write(connection, [entry(number) for number in range(2 * len(ARTISTS))])


async def test_natural_values_find_what_they_mean(filled: Database) -> None:
    wrong = []
    for field, given, expected in MEANT:
        names = [name.removeprefix("=") for name in expected]
        exact = await has_value(filled, field, given)
        try:
            resolved = await resolve(filled, Filters(**{field: given}))
        except StoreError as error:
            found: list[str] = []
            assert not exact and str(error).startswith(f"No painting has the {field} {given!r}.")
        else:
            keys = getattr(resolved.filters, field)
            keys = [filter_key(field, given)] if keys == given else [*keys]
            shown = {filter_key(field, each.shown): each.shown for each in await stored_values(filled, field)}
            found = sorted(shown[filter_key(field, key)] for key in keys)
            assert (resolved.note is None) == exact
            page = await browse(filled, resolved.filters, "title", limit=50)
            assert {filter_key(field, value) for value in found} == {
                filter_key(field, hit.painting.collection if field == "collection" else None)
                or filter_key(field, getattr(hit.painting.catalogue, field, None))
                for hit in page.hits
            }
        if found != names or exact != any(name.startswith("=") for name in expected):
            wrong.append((field, given, found, exact))
    assert wrong == []


async def test_the_answer_says_what_was_taken(filled: Database) -> None:
    assert await resolve(filled, EVERYTHING) == (EVERYTHING, None)
    given = Filters(artist="Monet", technique="oil", year_from=1500)
    filters, note = await resolve(filled, given)
    assert filters == Filters(artist=("claude monet",), technique=("oil on canvas", "oil on panel"), year_from=1500)
    assert note == "artist: Claude Monet, for 'Monet'; technique: Oil on canvas and Oil on panel, for 'oil'."
    _, note = await resolve(filled, Filters(artist="Gentileschi"))
    assert note == "artist: Artemisia Gentileschi and Orazio Gentileschi, for 'Gentileschi'."


async def test_many_values_are_counted(database: Database) -> None:
    await fill(database)
    entries = []
    for name in ("Ann Smith", "Bob Smith", "Cid Smith", "Dan Smith", "Eve Smith"):
        id, words = painting_id("c", name), Catalogue(artist=name)
        smith = Painting(id, "c", name, words, (name,), None, name, b"", 1, 1, "JPEG")
        entries.append(Entry.read(smith, (), {}))
    async with database.transaction() as connection:
        await paintings.write(connection, entries)
    _, note = await resolve(database, Filters(artist="smith"))
    assert note == "artist: 5 values, such as Ann Smith, Bob Smith, Cid Smith, for 'smith'."


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (Filters(artist="Vermeersch"), "Closest values: Johannes Vermeer (2)."),
        (Filters(artist="Manett, Claude"), "Closest values: "),
        (Filters(artist="Claude"), "Closest values: Claude Lorrain (2), Claude Monet (2)."),
        (Filters(artist="Rijn"), "None of the 22 values is similar; describe_collection lists"),
        (
            Filters(type="interior"),
            "Closest values: landscape (11), Portrait (11), self-portrait (11), still-life (11).",
        ),
        (Filters(type="'; DROP TABLE art_mcp.paintings; --"), "Closest values: "),
        (Filters(artist="%"), "None of the 22 values is similar"),
        (Filters(collection="MUSAEUM MYNE"), "Closest values: My museum (15)."),
        (Filters(artist="Gogain"), "Closest values: Paul Gauguin (2)"),
        (Filters(timeframe="1501-1550"), "No painting has any timeframe. Leave it out."),
        (Filters(year_from=1900, year_to=1800), "year_from 1900 is after year_to 1800. Swap them"),
    ],
)
async def test_what_means_nothing_is_answered_with_the_nearest(filters: Filters, said: str, filled: Database) -> None:
    with pytest.raises(ArtMcpError) as caught:
        await resolve(filled, filters)
    assert said in str(caught.value)


async def test_without_paintings_there_is_nothing_to_choose(database: Database) -> None:
    with pytest.raises(FilterError, match="There are no paintings yet"):
        await resolve(database, Filters(artist="Monet"))

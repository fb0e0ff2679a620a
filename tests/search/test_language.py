"""Which queries are in a language that the built-in model does not understand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.loading import load_into
from support.pictures import draw

from art_mcp.runtime import Runtime
from art_mcp.sample import CAPTIONS, SAMPLE, SIZE
from art_mcp.search.language import ENGLISH_ONLY, is_hardly_english
from art_mcp.settings import Settings

OTHERS = [
    # German
    "ein Ritter auf weißem Pferd tötet einen Drachen mit der Lanze",
    "ein Mädchen im Wind",
    "Schiffe im Sturm",
    "zeig mir traurige Bilder",
    # French
    "une femme en robe rouge assise près d'une fenêtre",
    "bateaux dans le port",
    "quelque chose de gai pour mon salon",
    # Spanish
    "barcos en una tormenta",
    "busco un cuadro con gatos",
    "escena de batalla naval",
    # Italian
    "una donna con un vestito rosso seduta vicino alla finestra",
    "natura morta con limoni",
    # Portuguese
    "montanhas nevadas sob um céu azul",
    # Dutch
    "een oude man met een lange witte baard",
    "boten in de haven",
    # Polish
    "biały koń biegnie przez łąkę",
    "kobieta w czerwonej sukni siedzi przy oknie",
    # Swedish
    "en kvinna läser ett brev",
    # Other scripts, however short
    "лошади",
    "женщина в красном платье",
    "嵐の中の船",
    "马",
    "νεκρή φύση",
    "سفن",
]
ENGLISH = [
    "",
    "Maria",
    "Mädchen",  # one or two words may be names
    "Santa Maria della Salute in Venice",
    "Madonna della Seggiola",
    "El Jaleo",
    "van gogh sunflowers",
    "soldiers who die in the snow",
    "eerie melancholic dreamlike surreal atmosphere",
    "a boy fishing by the Pont de la Concorde",
    "something similar to Las Meninas",
    "people at a café in Étretat",
    'copies of "Le Déjeuner sur l\'herbe"',
    "„eine kleine Frau mit einem Hund“",
    "open door of a gloomy cottage",
    "1889",
]


@pytest.mark.parametrize("text", OTHERS)
def test_others(text: str) -> None:
    assert is_hardly_english(text)


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert not is_hardly_english(text)


def test_no_caption_of_the_sample_is_taken_for_another_language() -> None:
    with (SAMPLE / CAPTIONS).open(encoding="utf-8", newline="") as table:
        captions = [row["CAPTION"] for row in csv.DictReader(table)]
    assert len(captions) == 2 * SIZE
    assert [caption for caption in captions if is_hardly_english(caption)] == []


@pytest.mark.parametrize("text", ["é" * 2000, "die é " * 300, "x" * 2000, "\u0301" * 2000, '"' * 2000])
def test_hostile_texts_have_an_answer(text: str) -> None:
    assert is_hardly_english(text) in (True, False)


@pytest.mark.anyio
async def test_an_answer_says_so_once(loaded: Settings, pictures: Path) -> None:
    settings = loaded.model_copy(update={"image_dirs": (pictures,)})
    async with Runtime(settings) as runtime:
        finder = await runtime.finder()

        async def note(query: str, **options: str) -> str | None:
            return (await finder.by_text(query, limit=3, **options)).note

        first = await finder.by_text("ein Bild mit rotem Himmel", limit=3)
        assert len(first.hits) == 3 and first.note == ENGLISH_ONLY
        assert await note("ein Bild mit rotem Himmel", cursor=first.next_cursor or "") is None
        assert await note("a picture with a red sky") is None
        found = await note("ein Bild mit rotem Himmel in 1902") or ""
        assert found.startswith("Paintings from 1902 come first") and found.endswith(ENGLISH_ONLY)
        assert await note("Max Muster in 1902") == "Works by Max Muster from 1902 come first."

        # Words that steer a picture, of a file or of the collection.
        picture, painting = str(pictures / "images" / "0.jpg"), first.hits[0][0].painting.id
        for search, image in ((finder.by_image, picture), (finder.like_painting, painting)):
            assert (await search(image, text="bei Nacht mit einem Mond")).note == ENGLISH_ONLY
            assert (await search(image, text="at night", negative="ohne eine Frau")).note == ENGLISH_ONLY
            assert (await search(image, text="at night", negative="a woman")).note is None
            assert (await search(image)).note is None


@pytest.mark.anyio
async def test_a_title_that_is_found_needs_no_translation(settings: Settings, tmp_path: Path) -> None:
    draw(tmp_path / "images" / "0.png", 1)
    draw(tmp_path / "images" / "1.png", 2)
    (tmp_path / "table.csv").write_text(
        "IMAGE_FILE,TITLE,DESCRIPTION\n0.png,Das Mädchen auf der Brücke,A girl.\n1.png,Dawn,A bridge at night.\n",
        encoding="utf-8",
    )
    await load_into(settings, tmp_path)
    async with Runtime(settings) as runtime:
        finder = await runtime.finder()
        found = await finder.by_text("das madchen auf der brucke")
        assert found.hits[0][0].painting.catalogue.description == "A girl." and found.note is None
        assert (await finder.by_text("ein Mädchen auf der Brücke mit Hund")).note == ENGLISH_ONLY

from __future__ import annotations

import random
import time

import pytest

from art_mcp.ingest.names import MOST, artists, display_name

RECAST = {
    "DAUBIGNY, Charles-François": "Charles-François Daubigny",
    "DÜRER, Albrecht": "Albrecht Dürer",
    "CARAVAGGIO": "Caravaggio",
    "PABLO PICASSO": "Pablo Picasso",
    "BALDUNG GRIEN, Hans": "Hans Baldung Grien",
    "РЕПИН, Илья": "Илья Репин",
    # Particles
    "GOGH, Vincent van": "Vincent van Gogh",
    "GOGH, VINCENT VAN": "Vincent van Gogh",
    "VAN GOGH, Vincent": "Vincent van Gogh",
    "van GOGH, Vincent": "Vincent van Gogh",
    "DE KOONING, Willem": "Willem de Kooning",
    "WEYDEN, Rogier van der": "Rogier van der Weyden",
    "MAZO, Juan Bautista Martinez del": "Juan Bautista Martinez del Mazo",
    "ROBERTI, Ercole de'": "Ercole de' Roberti",
    "OGGIONO, Marco d'": "Marco d'Oggiono",
    "HONDECOETER, Gillis Claesz. d'": "Gillis Claesz. d'Hondecoeter",
    "ABATE, Niccolò dell'": "Niccolò dell'Abate",
    "BIAGIO D'ANTONIO": "Biagio d'Antonio",
    "DELL'ABATE, Niccolò": "Niccolò dell'Abate",
    "GOYA Y LUCIENTES, Francisco de": "Francisco de Goya y Lucientes",
    "VELÁZQUEZ, Diego Rodriguez de Silva y": "Diego Rodriguez de Silva y Velázquez",
    "YÁ?EZ DE LA ALMEDINA, Fernando": "Fernando Yá?ez de la Almedina",
    "MOR VAN DASHORST, Anthonis": "Anthonis Mor van Dashorst",
    "GIOVANNI DI PAOLO": "Giovanni di Paolo",
    "LEONARDO da Vinci": "Leonardo da Vinci",
    "LEONARDO DA VINCI": "Leonardo da Vinci",
    "MICHELANGELO Buonarroti": "Michelangelo Buonarroti",
    "LORENZO Monaco": "Lorenzo Monaco",
    "FRANCESCO DI GABRIELE DA VITERBO": "Francesco di Gabriele da Viterbo",
    "STELLA, Fermo da Caravaggio": "Fermo Stella da Caravaggio",
    "STARNINA, Gherardo di Jacopo": "Gherardo di Jacopo Starnina",
    "DO, Giovanni": "Giovanni Do",
    "OS, Jan van": "Jan van Os",
    # Articles and titles
    "GRECO, El": "El Greco",
    "EL GRECO": "El Greco",
    "BERGAMASCO, Il": "Il Bergamasco",
    "ANGELICO, Fra": "Fra Angelico",
    "LA TOUR, Georges de": "Georges de La Tour",
    "LE SUEUR, Eustache": "Eustache Le Sueur",
    "L'HERMITTE, Léon": "Léon L'Hermitte",
    "DYCK, Sir Anthony van": "Sir Anthony van Dyck",
    "BOYLE, Richard, 3rd Earl of Burlington": "Richard Boyle, 3rd Earl of Burlington",
    # Generations
    "BRUEGEL, Pieter the Elder": "Pieter Bruegel the Elder",
    "CRANACH, Lucas the Younger": "Lucas Cranach the Younger",
    "VELDE, Willem van de, the Younger": "Willem van de Velde the Younger",
    "GIROLAMO DA TREVISO the Younger": "Girolamo da Treviso the Younger",
    "VROOM, Cornelis Hendricksz. the Younger": "Cornelis Hendricksz. Vroom the Younger",
    "FRANCKEN, Frans II": "Frans Francken II",
    "FRANCKEN, Hieronymus, II": "Hieronymus Francken II",
    "KESSEL, Jan van, I": "Jan van Kessel I",
    "JAN VAN KESSEL II": "Jan van Kessel II",
    "GHEYN, Jacob de II": "Jacob de Gheyn II",
    "VINNE, Vincent I Laurensz. van der": "Vincent I Laurensz. van der Vinne",
    "KING, John, Jr.": "John King Jr.",
    "SMITH, George of Chichester": "George Smith of Chichester",
    # Hyphens, apostrophes, prefixes, initials, lost letters
    "BASTIEN-LEPAGE, Jules": "Jules Bastien-Lepage",
    "PSEUDO-PIER FRANCESCO FIORENTINO": "Pseudo-Pier Francesco Fiorentino",
    "O'CONNOR, Roderic": "Roderic O'Connor",
    "O’CONNOR, Roderic": "Roderic O’Connor",
    "PRUD'HON, Pierre-Paul": "Pierre-Paul Prud'hon",
    "McCULLOCH, Horatio": "Horatio McCulloch",
    "MCCULLOCH, Horatio": "Horatio McCulloch",
    "MacCOLL, D.S.": "D.S. MacColl",
    "MACLISE, Daniel": "Daniel Maclise",
    "TURNER, J.M.W.": "J.M.W. Turner",
    "J.M.W. TURNER": "J.M.W. Turner",
    "DIX, Otto": "Otto Dix",
    "ARENTSZ., Arent": "Arent Arentsz.",
    "CAMPA?A, Pedro de": "Pedro de Campa?a",
    # Descriptions
    "UNKNOWN MASTER, Dutch": "Unknown Master, Dutch",
    "ROMANESQUE PAINTER, Spanish": "Romanesque Painter, Spanish",
    "UNKNOWN ICON PAINTER, Cretan": "Unknown Icon Painter, Cretan",
    "MASTER of Flémalle": "Master of Flémalle",
    "MASTER OF THE HOLY BLOOD": "Master of the Holy Blood",
    "MASTER of 1540s": "Master of 1540s",
    "MASTER of the Legend of Saint Ursula (I)": "Master of the Legend of Saint Ursula (I)",
    "BASSANO, Jacopo (Jacopo da Ponte)": "Jacopo Bassano (Jacopo da Ponte)",
    "BELLINI, Giovanni (follower of)": "Giovanni Bellini (follower of)",
    "follower of BELLINI, Giovanni": "follower of Giovanni Bellini",
    " GOGH,  Vincent\tvan ": "Vincent van Gogh",
    "GOGH,": "Gogh",
}

LEFT_ALONE = [
    "Sir Edwin Henry Landseer",
    "Augustus John OM",
    "L.S. Lowry",
    "JMW Turner",
    "Frederic, Lord Leighton",
    "George Lambert, Francis Hayman",
    "Art & Language (Michael Baldwin, born 1945; Mel Ramsden, born 1944)",
    "British School 17th century, attributed to Mary Beale",
    "attributed to John Taylor of Bath",
    "Jan Griffier I",
    "Roderic O'Conor",
    "Henri Rousseau (`Le Douanier')",
    "?British School",
    "Rodolphe d'Erlanger",
    "Li Yuan-chia",
    "葛飾北斎",
]


@pytest.mark.parametrize(("text", "expected"), RECAST.items())
def test_recast(text: str, expected: str) -> None:
    assert display_name(text) == expected
    assert display_name(expected) == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    assert display_name(text) == text


@pytest.mark.parametrize("text", [None, "", " ", "-", "?", ", "])
def test_nobody(text: str | None) -> None:
    assert display_name(text) is None


ARTISTS = {
    # Several
    "RUBENS, Peter Paul; BRUEGHEL, Jan the Elder": ["Peter Paul Rubens", "Jan Brueghel the Elder"],
    "Rubens|Brueghel": ["Rubens", "Brueghel"],
    "Utagawa Hiroshige / Utagawa Kunisada": ["Utagawa Hiroshige", "Utagawa Kunisada"],
    "Peter Paul Rubens and Jan Brueghel the Elder": ["Peter Paul Rubens", "Jan Brueghel the Elder"],
    "Frida Kahlo (1907-1954) & Diego Rivera (1886-1957)": ["Frida Kahlo", "Diego Rivera"],
    "Claude Monet; Claude Monet": ["Claude Monet"],
    "Ivan Aivazovsky (1817–1900; Russian)": ["Ivan Aivazovsky"],
    # One
    "Gilbert and George": ["Gilbert and George"],
    "Currier & Ives": ["Currier & Ives"],
    "Bernd and Hilla Becher": ["Bernd and Hilla Becher"],
    "David Teniers the Younger and Workshop": ["David Teniers the Younger and Workshop"],
    # Years of life
    "Monet, Claude, 1840-1926": ["Monet, Claude"],
    "Claude Monet 1840–1926": ["Claude Monet"],
    "Bartholomeus Spranger b. 1546": ["Bartholomeus Spranger"],
    "TURNER, J.M.W., 1775-1851": ["J.M.W. Turner"],
    "Hans Holbein the Younger (German, ca. 1497/98 - 1543)": ["Hans Holbein the Younger"],
    "Workshop of Rembrandt (1606–1669)": ["Workshop of Rembrandt"],
    "Master of 1518": ["Master of 1518"],
    # Nationalities and roles
    "Alfred Sisley, French, born England, 1839 - 1899": ["Alfred Sisley"],
    "Rembrandt van Rijn [Dutch painter, 1606-1669]": ["Rembrandt van Rijn"],
    "Hokusai (artist); Eijudo (publisher)": ["Hokusai", "Eijudo"],
    "Schilder: Rembrandt van Rijn": ["Rembrandt van Rijn"],
    "Anders Zorn (målare)": ["Anders Zorn"],
    "雪舟 (画家)": ["雪舟"],
    "by Jane Roe": ["Jane Roe"],
    "Claude Monet\nFrench, 1840-1926": ["Claude Monet"],
    "Georgia O'Keeffe; American, 1887-1986": ["Georgia O'Keeffe"],
    "Claude Monet; Edouard Manet 1832-1883": ["Claude Monet", "Edouard Manet"],
    "Andy Warhol. American, 1928–1987": ["Andy Warhol"],
    "Pablo Picasso, Spanish, worked in France, 1881–1973": ["Pablo Picasso"],
    "Tiziano (Pieve di Cadore, 1490 circa – Venezia, 1576)": ["Tiziano"],
    "Master of Moulins, active c. 1480–1500": ["Master of Moulins"],
    "Munch, Edvard (1863-1944) kunstner": ["Munch, Edvard"],
    "Caspar David Friedrich (Maler/in)": ["Caspar David Friedrich"],
    "Maker(s): Emile Gallé": ["Emile Gallé"],
    "葛飾北斎（1760-1849）；歌川広重": ["葛飾北斎", "歌川広重"],
    "American": ["American"],
    "Hiroshige (1797–1858), Kunisada (1786–1865)": ["Hiroshige", "Kunisada"],
    "Rubens, Peter Paul (1577-1640), Brueghel, Jan (1568-1625)": ["Rubens, Peter Paul", "Brueghel, Jan"],
    "Jan Steen (1626-1679), navolger van": ["Jan Steen, navolger van"],
    # No asides
    "Giovanni Antonio Canal (Canaletto)": ["Giovanni Antonio Canal (Canaletto)"],
    "Pieter Bruegel (I)": ["Pieter Bruegel (I)"],
    "Byron Browne": ["Byron Browne"],
    # Nobody
    "-": [],
    "": [],
    "(1840-1926)": [],
}


@pytest.mark.parametrize(("text", "expected"), ARTISTS.items())
def test_the_artists_of_a_painting(text: str, expected: list[str]) -> None:
    assert artists(text) == expected


def test_a_painting_has_no_more_artists_than_are_stored() -> None:
    assert artists("; ".join(f"Painter {number}a" for number in range(100))) == [f"Painter {n}a" for n in range(MOST)]


def test_any_text_gives_a_name_that_loses_no_letter() -> None:
    chance = random.Random(1606)
    pieces = [*" ".join(RECAST).split(), *",;()-.'’ ", "ß", "ŉ"]
    for _ in range(20_000):
        text = chance.choice((" ", "", ", ")).join(chance.choices(pieces, k=chance.randrange(1, 7)))
        name = display_name(text)
        before = sorted(filter(str.isalpha, text.casefold()))
        assert sorted(filter(str.isalpha, (name or "").casefold())) == before, text
    for _ in range(2_000):
        display_name("".join(chr(chance.randrange(0x11_0000)) for _ in range(20)))


@pytest.mark.parametrize(
    "piece",
    [
        "A",
        "AB ",
        "of ",
        "a (b)",
        "(",
        ", I",
        " I",
        "A.",
        ";",
        "O'",
        "-",
        "1",
        "1-",
        " and A a",
        "French ",
        "painter, ",
        "a (1), ",
        " born",
    ],
)
def test_long_texts_take_no_long_time(piece: str) -> None:
    start = time.process_time()
    for text in ("GOGH, Vincent" + piece * (10_000 // len(piece)), piece * (10_000 // len(piece))):
        display_name(text)
        artists(text[:1_000])
    assert time.process_time() - start < 1

"""Tables in the encodings that spreadsheets and old systems write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from art_mcp.errors import on_command_line
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Row, SourceError
from art_mcp.ingest.sources.tables.encoding import damage, detect

HEADER = "image,title,artist\n"
CZECH = f"{HEADER}1.jpg,Zimní večer,Šimon Dvořák\n2.jpg,Žena s dítětem,Jiří Němec\n"
POLISH = f"{HEADER}1.jpg,Śnieg,Władysław Ślewiński\n2.jpg,Pożar łąki,Jan Żółkowski\n"
RUSSIAN = "Файл;Название;Художник\n1.jpg;Зимний вечер;Илья Волков\n2.jpg;Лес;Пётр Соколов\n"
FRENCH = f"{HEADER}1.jpg,Été à la mer,Paul Cézère\n2.jpg,Forêt près d’Étretat,François Lépine\n"
GERMAN = f"{HEADER}1.jpg,Fräulein im Grünen,Max Müller\n2.jpg,Straße,Jörg Weiß\n"
JAPANESE = "ファイル,題名,作者\n1.jpg,冬の夕べ,山田太郎\n2.jpg,夏の庭,佐藤花子\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CZECH, "cp1250"),
        (CZECH, "iso8859-2"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "utf-16-le"),
        (FRENCH, "cp1252"),
        (FRENCH, "mac-roman"),
        (GERMAN, "cp1252"),
        (GERMAN, "mac-roman"),
        (GERMAN, "cp850"),
        (f"{HEADER}1.jpg,El niño,José Núñez\n2.jpg,Jardín,Ramón Peña\n", "cp1252"),
        (f"{HEADER}1.jpg,Χειμωνιάτικο βράδυ,Νικόλαος Γύζης\n", "cp1253"),
        (f"{HEADER}1.jpg,Kış akşamı,Osman Hamdi Bey\n2.jpg,Güneşli gün,İbrahim Çallı\n", "cp1254"),
        (f"{HEADER}1.jpg,ערב חורף,ראובן רובין\n", "cp1255"),
        (f"{HEADER}1.jpg,مساء شتوي,محمود سعيد\n", "cp1256"),
        (f"{HEADER}1.jpg,Žiemos vakaras,Mikalojus Čiurlionis\n2.jpg,Saulės ąžuolas,Petras Kalpokas\n", "cp1257"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("画像,作品名,作家名\n1.jpg,湖畔,黒田清輝\n", "euc_jp"),
        (f"{HEADER}1.jpg,冬天的晚上,张大千\n2.jpg,山水,齐白石\n", "gbk"),
        (f"{HEADER}1.jpg,冬天的晚上,張大千\n2.jpg,山水,齊白石\n", "big5"),
        (f"{HEADER}1.jpg,겨울 저녁,김홍도\n2.jpg,미인도,신윤복\n", "euc_kr"),
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-32"),
    ],
)
def test_a_short_table_is_read_as_it_was_written(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    rows = list(open_source(str(tmp_path / "t.csv"), Options()).rows())
    delimiter = ";" if ";" in text else ","
    wanted = [line.split(delimiter) for line in text.splitlines()[1:]]
    assert [(row.image, row.catalogue.title, row.catalogue.artist) for row in rows if isinstance(row, Row)] == [
        tuple(line) for line in wanted
    ]


@pytest.mark.anyio
async def test_the_encoding_is_told_and_can_be_chosen(tmp_path: Path) -> None:
    data = f"{HEADER}1.jpg,Ночь,Я\n".encode("cp1251")
    (tmp_path / "t.csv").write_bytes(data)
    told = await open_source(str(tmp_path / "t.csv"), Options()).reading() or ""
    assert ", guessed; it reads " in told.splitlines()[0]
    assert "it reads Ночь, Я, but maccyrillic (" in told and "choose it with encoding maccyrillic" in told
    assert "choose it with --encoding maccyrillic" in on_command_line(told)
    source = open_source(str(tmp_path / "t.csv"), Options(encoding="cp1251"))
    assert [row.catalogue.title for row in source.rows() if isinstance(row, Row)] == ["Ночь"]
    assert ((await source.reading()) or "").startswith("Encoding: cp1251, as chosen.\n")


@pytest.mark.parametrize("name", ["klingon", "", "rot13", "base64", "unicode_escape", "idna", "x\0y", "mbcs"])
def test_an_encoding_that_does_not_exist(name: str) -> None:
    with pytest.raises(SourceError, match=r"There is no encoding '.*'\. Frequent ones are utf-8"):
        detect(b"", name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CafÃ© de nuit", "UTF-8 that an earlier program read as another encoding), e.g. CafÃ©."),
        ("Ð—Ð¸Ð¼Ð°", "UTF-8 that an earlier program read as another encoding"),
        ("Caf\ufffd de nuit", "characters that an earlier program could not read), e.g. Caf\ufffd."),
        ("DELACROIX, Eug?ne", "a question mark within a word, where an accent was lost), e.g. Eug?ne."),
        ("Èëüÿ Âîëêîâ", "runs of accented letters, which another alphabet gives in a wrong encoding), e.g. Èëüÿ."),
        ("Café à la crème, naïve Über-Größe, https://x.example/a?b=c, who? me", None),
        ("Žluťoučký kůň, Łódź, Größe, Ægir, Ærøskøbing, Çağ", None),
    ],
)
def test_damaged_text_is_told(text: str, said: str | None) -> None:
    told = damage(f"image,title\n1.jpg,{text}\n")
    assert (told == []) if said is None else (len(told) >= 1 and said in told[0])


@given(st.binary(max_size=200))
@example(b"\xf0\x88")
def test_any_bytes_have_an_encoding(data: bytes) -> None:
    found = detect(data)
    data.decode(found.name, "replace")
    assert found.notes and all(note.isprintable() for note in found.notes)


@pytest.mark.parametrize("hostile", [b"a" * 2_000_000, b"\xe9" * 2_000_000, b"\xe9 " * 500_000, b"a\xe9\n" * 500_000])
def test_hostile_text_takes_linear_time(hostile: bytes) -> None:
    found = detect(hostile)
    assert damage(hostile.decode(found.name, "replace")) is not None

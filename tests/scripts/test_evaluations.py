"""Each script that measures what is found, run on little: its lines differ, add up, and are shares."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.scripts import Row, captioned, number, run, tables
from wall_photos import photograph

pytestmark = pytest.mark.slow


def shares(row: Row, *columns: str) -> list[float]:
    found = [number(row[column]) for column in columns]
    assert all(0 <= share <= 100 for share in found), row
    return found


def test_eval_retrieval(sample: Path, tmp_path: Path) -> None:
    document = tmp_path / "card.md"
    document.write_text("# Card\n\n<!-- eval_retrieval recall -->\n<!-- /eval_retrieval recall -->\n")
    printed = run("eval_retrieval.py", captioned(sample, tmp_path / "art"), "--write", document)
    (rows,) = tables(printed)
    assert all((row["question"], row["questions"]) == ("caption", "26") for row in rows)
    legs = {row["leg"]: shares(row, "R@1, %", "R@5, %", "R@10, %") for row in rows}
    assert list(legs) == ["search", "pixels", "words", "full text"]
    assert all(at == sorted(at) for at in legs.values()), legs
    assert len({tuple(at) for at in legs.values()}) >= 3, "the legs are not measured apart"
    assert all(at[-1] > 100 * 10 / 26 for at in legs.values()), "a leg finds no more than chance"
    assert legs["full text"][0] < 100, "the captions were loaded, so that full text finds them word by word"
    assert tables(document.read_text()) == [rows]


def test_eval_retrieval_by_sentences(tmp_path: Path) -> None:
    """One sentence of each description is asked, and only the rest can be found."""
    rows = ["title\tartist\tdescription"]
    rows += [
        f"{thing} in {place}\tA. Painter\tThe {thing} is drawn with great care and love. Nobody knows why.\t"
        for thing in ("Harbour", "Windmill", "Shepherd", "Cathedral")
        for place in ("Delft", "Rome")
    ]
    rows.append("Still Life\tA. Painter\tThis description has a single sentence and is not asked.")
    (tmp_path / "table.tsv").write_text("\n".join(rows) + "\n")
    document = tmp_path / "card.md"
    document.write_text("<!-- eval_retrieval sentences -->\n<!-- /eval_retrieval sentences -->\n")
    (found,) = tables(run("eval_retrieval.py", tmp_path / "table.tsv", "--sentences", "--write", document))
    assert [(row["question"], row["leg"], row["questions"]) for row in found] == [
        ("sentence", leg, "8") for leg in ("search", "pixels", "words", "full text", "TF-IDF")
    ]
    assert number(found.pop(1)["R@10, %"]) == 0, "there are no pictures"
    for row in found:
        first, _, ten = shares(row, "R@1, %", "R@5, %", "R@10, %")
        assert first < 100 and ten == 100, "the two paintings of one thing cannot be told apart"
    assert tables(document.read_text())[0][2:] == found[1:]


def test_eval_relevance(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("a dog catches a frisbee\ntwo men fix a bicycle\n")
    folder = captioned(sample, tmp_path / "art", 12)
    text, curve, picture = tables(run("eval_relevance.py", folder, "--unanswerable", tmp_path / "none.txt"))
    assert [row["paintings"] for row in text] == ["10", "12"]
    for row in text:
        names = ("answerable", "its painting left out", "unanswerable")
        answerable, left_out, unanswerable = shares(row, *(f"{name}: nothing fits, %" for name in names))
        assert answerable < left_out and answerable < unanswerable
    assert [row["signal"] for row in curve] == ["score", "pixels", "words", "text"]
    for row in curve:
        found = [number(cell) for column, cell in row.items() if column != "signal"]
        assert found == sorted(found) and found[0] >= 0 and found[-1] <= 100
    assert [int(row["count"]) for row in picture] == [12, 12]
    for row in picture:
        points = [float(row[f"p{percentile}"]) for percentile in (5, 25, 50, 75, 95)]
        assert points == sorted(points)
        assert sum(shares(row, "strong, %", "fair, %", "weak, %")) == pytest.approx(100, abs=0.2)
    assert float(picture[0]["p50"]) > float(picture[1]["p50"])


def test_eval_wall_photos(sample: Path, tmp_path: Path) -> None:
    folder, keep = captioned(sample, tmp_path / "art", 4), tmp_path / "photos"
    printed = run("eval_wall_photos.py", folder, "--each", "1", "--photographs", folder / "images", "--keep", keep)
    (rows,) = tables(printed)
    kinds = ["not in the collection", "wholly in the photo", "cut off by the photo", "photographs of other things"]
    assert [(row["the painting is"], row["asked by"]) for row in rows] == [
        (kind, way) for kind in kinds for way in ("whole picture", "views")
    ]
    assert [int(row["photos"]) for row in rows] == [1, 1, *[4] * 6]
    for row in rows:
        first, ten, right, _, _ = shares(
            row, "R@1, %", "R@10, %", "right and strong, %", "wrong and strong, %", "by a part, %"
        )
        assert right <= first <= ten
        assert 0 < number(row["median, s"]) <= number(row["p95, s"])
    assert all(number(row["R@10, %"]) == 100 for row in rows[2:6]), "there are no more than four paintings"
    assert all(number(row["R@10, %"]) == 0 for row in rows[:2] + rows[6:])
    assert len(list(keep.iterdir())) == 8


def test_wall_photos_are_the_same_for_the_same_seed(sample: Path) -> None:
    one, other = (Image.open(path) for path in sorted((sample.parent / "images").iterdir())[:2])
    photos = [photograph(one, other, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert photos[0].jpeg == photos[1].jpeg != photos[2].jpeg
    for photo in photos:
        assert photo.corners.shape == (4, 2)
        assert (photo.corners >= 0).all() and (photo.corners <= 960).all()
    cut_off = photograph(one, other, np.random.default_rng(1), cut_off=True).corners
    assert (cut_off < 0).any() or (cut_off > 720).any()


def test_eval_columns(tmp_path: Path) -> None:
    headers = {
        "sheet": {"columns": ["Künstler", "Bild", "Preis"], "fields": {"artist": "Künstler", "image": "Preis"}},
        "export": ["Dublin Core:Title", "file"],
        "weights": ["weight"],
    }
    (tmp_path / "headers.json").write_text(json.dumps(headers))
    (tmp_path / "table.csv").write_text("a,title\n1.jpg,Sea\n")
    printed = run("eval_columns.py", tmp_path / "headers.json", tmp_path / "table.csv")
    (rows,) = tables(printed)
    assert [(row["system"], row["title"], row["artist"], row["image"]) for row in rows] == [
        ("sheet", "-", "Künstler", "Bild"),
        ("export", "Dublin Core:Title", "-", "file"),
        ("weights", "-", "-", "-"),
        ("table.csv", "title", "-", "a"),
    ]
    assert "3 of 4 fields are read as expected." in printed
    assert "sheet: image from Bild, expected from Preis" in printed


def test_eval_dates(tmp_path: Path) -> None:
    dates = ["c. 1665", "1665", "1671-72", "sometime", "date not known", "1904"]
    lines = ["IMAGE_FILE\tAUTHOR\tDATE\tTIMEFRAME"]
    lines += [f"{number}.jpg\tVERMEER, Johannes\t{date}\t1651-1700" for number, date in enumerate(dates)]
    (tmp_path / "table.tsv").write_text("\n".join(lines) + "\n")
    rows = [{"date": date, "artist": "Jan van Eyck"} for date in dates[:3]]
    rows += [{"artist": "ANONYMOUS MASTER"}, {"artist": "?"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    printed = run("eval_dates.py", tmp_path / "table.tsv", tmp_path / "rows.jsonl", "--sample", "2")
    table, jsonl = ({row["what"]: row["measured"] for row in rows} for rows in tables(printed))
    assert table["dates that say anything"] == "5 of 6 (83.33 %)"
    assert table["understood"] == "4 of 5 (80.00 %)"
    assert table["plain years that meet the time frame"] == "1 of 2 (50.00 %)"
    assert table["other dates that meet it"] == "2 of 2 (100.00 %)"
    assert table["dates that meet it or the half century before or after it"] == "3 of 4 (75.00 %)"
    assert table["names recast"] == "1 of 1 (100.00 %)"
    assert jsonl["understood"] == "3 of 3 (100.00 %)"
    assert jsonl["names recast"] == "1 of 3 (33.33 %)"
    assert "not understood      1  sometime" in printed
    assert "far from 1651-1700  1904 (1904, 1904)" in printed


def test_eval_dates_compares_with_years_that_a_table_states(tmp_path: Path) -> None:
    museum = ["date\tyear_from\tyear_to\tcount"]
    museum += ["1665\t1665\t1665\t5", "c. 1665\t1655\t1675\t2", "20th century\t1925\t1993\t1", "1904\t1906\t1905\t1"]
    museum += ["no date\t1900\t1950\t3", "sometime\t1900\t1950\t1", "17th century\t1670\t1730\t1"]
    museum += ["1665\t1664\t1664\t1", "1665, printed 1680\t1680\t1680\t1"]
    (tmp_path / "museum.tsv").write_text("\n".join(museum) + "\n")
    forms = ["language\tkind\tdate\tyear_from\tyear_to", "German\tafter\tnach 1520\t1520\t1530"]
    forms += ["German\tnone\tundatiert\t\t", "French\tafter\taprès 1520\t1520\t1531"]
    (tmp_path / "forms.tsv").write_text("\n".join(forms) + "\n")
    printed = run("eval_dates.py", tmp_path / "museum.tsv", tmp_path / "forms.tsv")
    (all_of_museum,), differences, kinds, _ = tables(printed)
    assert all_of_museum == {
        "dates": "all",
        "read": "12 of 13 (92.31 %)",
        "as these years": "5 of 13 (38.46 %)",
        "within 20 years": "10 of 13 (76.92 %)",
        "or hold them": "11 of 13 (84.62 %)",
        "apart": "3 of 13 (23.08 %)",
    }
    assert [tuple(row.values()) for row in differences] == [
        ("the same years", "1", "5 of 13 (38.46 %)", "0", "5"),
        ("the years read lie within those stated", "1", "2 of 13 (15.38 %)", "0", "0"),
        ("apart: the text is one plain year", "2", "2 of 13 (15.38 %)", "0", "1"),
        ("the stated years lie within those read", "1", "1 of 13 (7.69 %)", "1", "0"),
        ("no year read", "1", "1 of 13 (7.69 %)", "1", "0"),
        ("each has years that the other lacks", "1", "1 of 13 (7.69 %)", "1", "0"),
        ("apart: the text names a stated year", "1", "1 of 13 (7.69 %)", "0", "0"),
    ]
    assert "The best reading of each text is exact for 12 of 13 (92.31 %)." in printed
    assert [row["dates"] for row in kinds] == ["German", "French", "after", "none", "all"]
    assert [row["as these years"][:6] for row in kinds] == ["2 of 2", "0 of 1", "1 of 2", "1 of 1", "2 of 3"]
    assert "not read      1  sometime  (1900, 1950) read as no year" in printed
    assert "apart         1  1904  (1905, 1906) read as (1904, 1904)" in printed
    assert "too wide      1  17th century  (1670, 1730) read as (1601, 1700)" in printed
    assert "no date" not in printed


def test_eval_dates_takes_a_path_from_here_and_refuses_other_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.tsv").write_text("IMAGE_FILE\tDATE\n1.jpg\t1665\n")
    Path("dates.tsv").write_text("date\tcount\n1665\t3\n")
    assert "1 of 1 (100.00 %)" in run("eval_dates.py", "table.tsv")
    refused = run("eval_dates.py", "dates.tsv", status=1)
    assert "has no column that names the picture's file" in refused and "Traceback" not in refused


def test_tokens(sample: Path, tmp_path: Path) -> None:
    tools, answers = tables(run("tokens.py", captioned(sample, tmp_path / "art", 6) / "paintings.tsv"))
    *each, together = (number(row["tokens of tools/list"]) for row in tools)
    assert len(each) == 6
    assert together == pytest.approx(sum(each), abs=5)
    assert [row["tokens of"] for row in answers][:3] == ["a search, 1 hits", "a search, 6 hits", "a search, 6 hits"]
    for row in answers:
        assert 0 < number(row["text"]) < 10_000 and 0 < number(row["data"]) < 10_000
    assert number(answers[0]["data"]) < number(answers[1]["data"])


def test_eval_copies(sample: Path, tmp_path: Path) -> None:
    folder = captioned(sample, tmp_path / "art", 6)
    embeddings, curve = tables(run("eval_copies.py", folder / "images"))
    assert len(embeddings) == 11 and len(curve) == 11 + 3 + 1
    for row in embeddings:
        shares(row, "found by look, %", "found by pixels, %", "found by fingerprint, %")
    columns = [column for column in curve[0] if column.startswith("from ")]
    for row in curve[:-1]:
        found = shares(row, *columns)
        assert found == sorted(found, reverse=True)
    assert number(curve[0]["from 0.95"]) == 100, "recompressed"
    assert curve[-1]["taken for the same painting, %"].startswith("15 pairs") and curve[-1]["from 0.8"] == "0"


def test_eval_steering(sample: Path, tmp_path: Path) -> None:
    pairs, document = tmp_path / "pairs.tsv", tmp_path / "card.md"
    wanted = [
        "Morning in the Harbour\tin winter with snow\t",
        "Moonlit Hills\tflowers\t",
        "Old Man with a Hat\ta woman\t",
    ]
    unwanted = ["Sunset over the Sea\t\tships", "Mountain Lake\t\tsnow"]
    pairs.write_text("\n".join(["title\ttext\tnegative", *wanted, *unwanted]) + "\n")
    document.write_text("<!-- eval_steering steering -->\n<!-- /eval_steering steering -->\n")
    folder = captioned(sample, tmp_path / "art")
    each, (by_text, by_negative) = tables(run("eval_steering.py", folder, "--pairs", pairs, "--write", document))
    assert [row["but"] for row in each] == ["in winter with snow", "flowers", "a woman", "not ships", "not snow"]
    steered, unsteered, kept = "in the fifth, steered", "in the fifth, unsteered", "kept of ten"
    for row, some in ((by_text, each[:3]), (by_negative, each[3:])):
        assert int(row["pairs"]) == len(some)
        for column in (steered, unsteered, kept, "rank correlation"):
            mean = sum(number(one[column]) for one in some) / len(some)
            assert number(row[column]) == pytest.approx(mean, abs=0.06)
        shares(row, "5 or more, unsteered, %", "5 or more, steered, %")
        assert 0 < number(row["rank correlation"]) < 1
    assert number(by_text[steered]) > number(by_text[unsteered])
    assert number(by_negative[steered]) < number(by_negative[unsteered])
    assert all(0 <= number(row[column]) <= 5 for row in each for column in (steered, unsteered)), "a fifth of 25 is 5"
    assert all(0 <= number(row[kept]) <= 10 for row in each)
    assert tables(document.read_text()) == [[by_text, by_negative]]


def test_eval_steering_says_which_title_is_unknown(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("title\ttext\tnegative\nNowhere\tat night\t\n")
    folder = captioned(sample, tmp_path / "art", 2)
    refused = run("eval_steering.py", folder, "--pairs", tmp_path / "pairs.tsv", status=1)
    assert "no painting with the title 'Nowhere'" in refused and "Traceback" not in refused

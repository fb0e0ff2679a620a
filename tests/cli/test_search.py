"""`art-mcp search` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from support.command import art_mcp, art_mcp_here, failed
from support.pictures import draw

from art_mcp.painting import FILTERS
from art_mcp.settings import Settings


@pytest.mark.slow
def test_search_by_words_and_by_a_picture(database_url: str, tmp_path: Path) -> None:
    for n in range(5):
        draw(tmp_path / "prints" / f"Sheet_{n}.png", n)
    environment = {"ART_MCP_DATABASE_URL": database_url}
    assert "There are no paintings yet" in failed(art_mcp_here("search", "sea", **environment))
    art_mcp_here("ingest", str(tmp_path / "prints"), **environment)
    done = art_mcp("search", "Sheet 3", "--limit", "2", **environment)  # as a process
    assert done.stdout.splitlines()[:2] == ["1 to 2 of 5 paintings, best first.", "1. Sheet 3 - prints"]
    done = art_mcp_here("search", "--image", str(tmp_path / "prints" / "Sheet_4.png"), "--json", **environment)
    assert json.loads(done.stdout)["results"][0]["title"] == "Sheet 4"
    done = art_mcp_here("search", "blue", "--image", str(tmp_path / "prints" / "Sheet_4.png"), **environment)
    assert "Sheet 4" in done.stdout and done.returncode == 0
    done = art_mcp_here("search", "--image", (tmp_path / "prints" / "Sheet_4.png").as_uri(), "--json", **environment)
    found = json.loads(done.stdout)["results"]
    assert found[0]["title"] == "Sheet 4"
    done = art_mcp_here("search", "--image", found[0]["id"], "--json", **environment)
    assert len(json.loads(done.stdout)["results"]) == 4
    ids = [hit["id"] for hit in found[:2]]
    both = ("--image", ids[0], "--image", ids[1])
    done = art_mcp_here("search", "blue", *both, "--sheet", str(tmp_path / "both.jpg"), "--json", **environment)
    assert {hit["id"] for hit in json.loads(done.stdout)["results"]} == {hit["id"] for hit in found[2:]}
    said = failed(art_mcp_here("search", *both, "--image", str(tmp_path / "prints" / "Sheet_4.png"), **environment))
    assert "With several --image, each must be the id of a painting; Sheet_4.png is not." in said
    said = failed(art_mcp_here("search", "--image", "https://localhost/x.png?sig=secret", **environment))
    assert (
        "localhost cannot be reached: this machine is offline, or the name has no address" in said
        and "secret" not in said
    )
    misspelt = str(tmp_path / "Prints" / "sheet%5F4.png")
    done = art_mcp_here("search", "--image", misspelt, "--json", **environment)
    assert json.loads(done.stdout)["note"] == f"The picture is {tmp_path / 'prints' / 'Sheet_4.png'}."
    said = failed(art_mcp_here("search", "--image", "missing.png", **environment))
    assert "missing.png does not exist" in said
    sheet = tmp_path / "sheet.jpg"
    done = art_mcp_here("search", "Sheet 3", "--limit", "2", "--sheet", str(sheet), "--json", **environment)
    assert done.stderr == f"The contact sheet is in {sheet}.\n"
    assert len(json.loads(done.stdout)["results"]) == 2
    with Image.open(sheet) as picture:
        assert (picture.format, picture.width) == ("JPEG", 364)
    said = failed(art_mcp_here("search", "Sheet 3", "--sheet", str(tmp_path / "none" / "sheet.jpg"), **environment))
    assert "sheet.jpg cannot be written (No such file or directory). Choose another file." in said
    said = failed(art_mcp_here("search", "--sort", "year", "--image", str(sheet), **environment))
    assert "--sort cannot be used with --image" in said
    assert "limit is 0" in failed(art_mcp_here("search", "x", "--limit", "0", **environment))


def test_browsing_by_page(read_only: Settings) -> None:
    assert read_only.database_url is not None
    environment = {"ART_MCP_DATABASE_URL": read_only.database_url.get_secret_value()}
    options = ("--sort", "-year", "--limit", "5", "--year-from", "1901")
    lines = art_mcp_here("search", *options, **environment).stdout.splitlines()
    assert lines[:2] == ["1 to 5 of 11 paintings.", "Without a query, the paintings are sorted by year, newest first."]
    assert lines[2] == "1. Composition in noise 7 - MUSTER, Max; 1911; other; pictures"
    assert lines[-1].startswith("For more, add --cursor ")
    cursor = lines[-1].split()[4]
    lines = art_mcp_here("search", *options, "--cursor", cursor, **environment).stdout.splitlines()
    assert lines[0] == "6 to 10 of 11 paintings." and "; 1906; " in lines[2]
    said = failed(art_mcp_here("search", "x", "--limit", "51", **environment))
    assert "Choose a limit in this range; the next page has more results." in said


def test_search_takes_every_filter(database_url: str, tmp_path: Path) -> None:
    rows = ["IMAGE_FILE\tTITLE\tAUTHOR\tDATE\tTECHNIQUE\tTYPE\tSCHOOL\tTIMEFRAME\tLOCATION"]
    for n in range(4):
        draw(tmp_path / f"{n}.png", n)
        kind, school = ("landscape", "portrait")[n % 2], ("Dutch", "French")[n // 2]
        about = f"{1900 + n}\tOil on canvas, {n} cm\t{kind}\t{school}\t1901-1950\tDepot {n}"
        rows.append(f"{n}.png\tSheet {n}\tMUSTER, Max\t{about}")
    (tmp_path / "prints.tsv").write_text("\n".join(rows))
    environment = {"ART_MCP_DATABASE_URL": database_url}
    art_mcp_here("ingest", str(tmp_path / "prints.tsv"), **environment)
    wanted = {
        "artist": "Max Muster",
        "school": "dutch",
        "type": "Portrait",
        "technique": "oil on canvas",
        "timeframe": "1901-1950",
        "year_from": "1901",
        "year_to": "1901",
        "collection": "prints",
        "where": "location=depot 1",
    }
    assert wanted.keys() == FILTERS.keys()
    options = [word for name, value in wanted.items() for word in (f"--{name.replace('_', '-')}", value)]
    found = json.loads(art_mcp_here("search", "Sheet", "--json", *options, **environment).stdout)
    assert (found["total"], [hit["title"] for hit in found["results"]]) == (1, ["Sheet 1"])
    said = failed(art_mcp_here("search", "Sheet", "--school", "Ditch", **environment))
    assert "No painting has the school 'Ditch'. Closest values: Dutch (2)." in said
    found = json.loads(art_mcp_here("search", "Sheet", "--json", "--school", "duch", **environment).stdout)
    assert (found["total"], found["note"]) == (2, "school: Dutch, for 'duch'.")

"""Options that have no effect on a source are refused before anything is loaded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.pictures import draw

from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, SourceError

GIVEN = (
    (Options(columns={"title": "Naam"}), "columns", "--column"),
    (Options(encoding="cp1250"), "encoding", "--encoding"),
    (Options(images="."), "images", "--images"),
)


@pytest.mark.parametrize(
    "source", ["pictures", "pictures.zip", "empty", "met:quail", "smk:", "https://m.example/m.json"]
)
@pytest.mark.parametrize(("options", "argument", "option"), GIVEN, ids=[each[1] for each in GIVEN])
def test_options_of_tables_for_another_source(
    source: str, options: Options, argument: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "pictures" / "1.jpg", 1)
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.write(tmp_path / "pictures" / "1.jpg", "1.jpg")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="is not a table, so it has no ") as error:
        open_source(source if ":" in source else str(tmp_path / source), options)
    assert str(error.value).endswith(f"Give a table, or leave out {argument}.")
    assert error.value.on_command_line.endswith(f"Give a table, or leave out {option}.")


def test_columns_for_a_folder_whose_table_names_no_pictures(tmp_path: Path) -> None:
    draw(tmp_path / "1.jpg", 1)
    (tmp_path / "artists.csv").write_text("Name,Born\nMonet,1840\n")
    with pytest.raises(SourceError, match="is not a table, so it has no columns"):
        open_source(str(tmp_path), Options(columns={"title": "Name"}))


@pytest.mark.anyio
async def test_the_encoding_of_a_table_that_is_not_delimited_text(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"image": "1.jpg"}]')
    with pytest.raises(SourceError, match=r"t\.json is not delimited text, so its encoding cannot be set") as error:
        await open_source(str(tmp_path / "t.json"), Options(encoding="cp1250")).reading()
    assert str(error.value).endswith("Leave out encoding cp1250.")
    assert error.value.on_command_line.endswith("Leave out --encoding cp1250.")

"""A load that costs money, by clients that can ask their user and clients that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import ElicitRequestParams, ElicitResult
from support.azure import KEY, AzureStandIn, serving
from support.pictures import draw_many
from support.servers import connected, connected_over_stdio

from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Iterator[tuple[AzureStandIn, str]]:
    standin = AzureStandIn(keys=(KEY,), rate=200)
    with serving(standin) as endpoint:
        yield standin, endpoint


class User:
    """Gives the same answer to every question."""

    def __init__(self, action: str, **content: bool) -> None:
        self.asked: list[str] = []
        self._answer = ElicitResult(action=action, content=content or None)

    async def __call__(self, context: Any, question: ElicitRequestParams) -> ElicitResult:
        self.asked.append(question.message)
        return self._answer


@pytest.fixture
def paid(service: tuple[AzureStandIn, str], settings: Settings) -> Settings:
    """Settings with which loads cost money, about which users are asked from six calls on."""
    made = Settings(azure_endpoint=service[1], azure_key=KEY, azure_rate=200, ask_above=5)
    return settings.model_copy(update={name: getattr(made, name) for name in made.model_fields_set})


async def plan(client: Client, source: Path, **arguments: Any) -> tuple[dict[str, Any], str]:
    result = await client.call_tool("ingest_collection", {"source": str(source), "plan": True, **arguments})
    assert not result.is_error, result.content[0].text
    return result.structured_content, result.content[0].text


async def refused(client: Client, source: Path, **arguments: Any) -> str:
    result = await client.call_tool("ingest_collection", {"source": str(source), "plan": True, **arguments})
    assert result.is_error
    return result.content[0].text


def write(folder: Path, encoding: str = "utf-8") -> Path:
    """A table in German whose pictures are in another folder."""
    draw_many(folder / "scans", 2)
    lines = ["Inv.Nr.;Bez;Wer;Datierung;Größe;Bilddatei", "A-1;Häuser;Müller, Max;um 1880;3 x 4;0.png"]
    lines += ["A-2;Gärten|NULL;Weiß, Jörg (1850-1900);1901;NULL;1.png", "A-3;Öfen;;;;fehlt.png"]
    (folder / "t.csv").write_bytes("\n".join(lines).encode(encoding))
    return folder / "t.csv"


async def test_a_plan_tells_the_same_in_its_text_and_its_data(settings: Settings, tmp_path: Path) -> None:
    table = write(tmp_path, "cp1252")
    given = {"columns": {"title": "Bez", "artist": "Wer"}, "images": str(tmp_path / "scans"), "encoding": "cp1252"}
    async with connected(settings.model_copy(update={"image_dirs": [tmp_path]})) as client:
        data, text = await plan(client, table, **given)
    assert (data["total"], data["pending"], data["job_id"]) == (3, 3, None)
    assert data["reading"] == [
        "Encoding: cp1252, as chosen.",
        "Read: number from Inv.Nr., image from Bilddatei, title from Bez, artist from Wer, date from Datierung.",
        "Kept with each painting: Größe.",
    ]
    first, second, third = data["first_rows"]
    assert (first["title"], first["artists"], first["number"], first["picture"]) == (
        "Häuser",
        ["Müller, Max"],
        "A-1",
        "0.png",
    )
    assert (second["date"], second["year_from"], second["year_to"]) == ("1901", 1901, 1901)
    assert (third["artists"], third["date"], third["year_from"], third["picture"]) == ([], None, None, "fehlt.png")
    for line in data["reading"]:
        assert line in text
    for row in data["first_rows"]:
        assert all(str(fact) in text for fact in (row["row"], row["title"], row["number"], row["picture"]))
        assert all(str(fact) in text for fact in (row["date"], row["year_from"], *row["artists"]) if fact is not None)


@pytest.mark.parametrize(
    "columns", [{"title": "Bez"}, '{"title": "Bez"}', "title=Bez", ["title=Bez"], {"title": "{Bez} ({Größe})"}]
)
async def test_columns_in_the_forms_that_hosts_send(settings: Settings, tmp_path: Path, columns: Any) -> None:
    table = write(tmp_path)
    async with connected(settings.model_copy(update={"image_dirs": [tmp_path]})) as client:
        data, _ = await plan(client, table, columns=columns, encoding=None, images=None)
    assert data["first_rows"][0]["title"].startswith("Häuser")


async def test_errors_of_the_tool_name_its_arguments_and_no_option(settings: Settings, tmp_path: Path) -> None:
    table = write(tmp_path)
    (tmp_path / "none.csv").write_text("weight,price\n1,2\n")
    (tmp_path / "guess.csv").write_bytes("image,title\n1.jpg,Ночь\n".encode("cp1251"))
    async with connected(settings.model_copy(update={"image_dirs": [tmp_path]})) as client:
        said = [
            await refused(client, table, columns={"title": "nope"}),
            await refused(client, table, columns={"nope": "Bez"}),
            await refused(client, table, encoding="klingon"),
            await refused(client, table, images="/"),
            await refused(client, tmp_path / "none.csv"),
            await refused(client, tmp_path / "gone.csv"),
            await refused(client, tmp_path / "scans", columns={"title": "Bez"}),
            await refused(client, "met:quail", columns={"title": "Bez"}),
        ]
        _, guessed = await plan(client, tmp_path / "guess.csv")
    assert 'choose it with columns {"image": "NAME"}' in said[4]
    for text, name in ((said[6], "scans"), (said[7], "The Met: quail")):
        assert text.endswith(f"{name} is not a table, so it has no columns. Give a table, or leave out columns.")
    assert said[0].endswith(
        "t.csv has no column 'nope'. It has the columns: Inv.Nr., Bez, Wer, Datierung, Größe, Bilddatei."
    )
    assert "The fields are key, number, image, title" in said[1]
    assert "choose it with encoding " in guessed
    assert not [text for text in (*said, guessed) if " --" in text]


async def load(client: Client, folder: Path) -> dict[str, Any]:
    result = await client.call_tool("ingest_collection", {"source": str(folder)})
    assert not result.is_error
    return result.structured_content


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_user_who_agrees_is_asked_once_and_pays(
    service: tuple[AzureStandIn, str], database_url: str, tmp_path: Path, mode: str
) -> None:
    """Over stdio, since the question goes from the server to the client."""
    standin, endpoint = service
    user = User("accept", go_on=True)
    folder = draw_many(tmp_path / "art", 8)
    environment = {
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_IMAGE_DIRS": str(tmp_path),
        "ART_MCP_AZURE_ENDPOINT": endpoint,
        "ART_MCP_AZURE_KEY": KEY,
        "ART_MCP_AZURE_RATE": "200",
        "ART_MCP_ASK_ABOVE": "5",
        "ART_MCP_PRICE_PER_1000": "50",
    }
    options = {"elicitation_callback": user, "mode": mode}
    async with connected_over_stdio(options=options, **environment) as client:
        assert (await load(client, folder))["stored"] == 8
        assert user.asked == [
            "Load art? This takes 8 paid calls, 1 second at 200 calls per second, and costs 0.40 by "
            "ART_MCP_PRICE_PER_1000."
        ]
        assert (await load(client, folder))["unchanged"] == 8  # which costs nothing
    assert len(user.asked) == 1
    assert standin.calls.billed() == 8


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("user", [User("decline"), User("cancel"), User("accept", go_on=False)])
async def test_nothing_is_paid_for_when_the_user_does_not_agree(
    service: tuple[AzureStandIn, str], paid: Settings, tmp_path: Path, user: User, mode: str
) -> None:
    user.asked.clear()
    async with connected(paid, elicitation_callback=user, mode=mode) as client:
        result = await load(client, draw_many(tmp_path / "art", 8))
    assert (result["state"], result["pending"], result["job_id"]) == ("planned", 8, None)
    assert result["next_step"].startswith("The user did not agree, so nothing was loaded.")
    assert len(user.asked) == 1
    assert service[0].calls.billed() == 0


async def test_little_is_paid_for_without_asking(paid: Settings, tmp_path: Path) -> None:
    user = User("decline")
    async with connected(paid, elicitation_callback=user) as client:
        assert (await load(client, draw_many(tmp_path / "art", 5)))["stored"] == 5
    assert not user.asked


async def test_a_budget_that_will_not_do_is_told_with_the_first_answer(
    service: tuple[AzureStandIn, str], paid: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("art_mcp.server.tools.ingest.RETURN_WITHIN_S", 5)
    folder = draw_many(tmp_path / "art", 40)
    limits = {"budget_day": 20, "azure_rate": 0.4}  # so slow that the answer comes before the end
    async with connected(paid.model_copy(update=limits)) as client:
        result = await load(client, folder)
        assert result["state"] == "running"
        assert "The budget for this day allows only 20 more (ART_MCP_BUDGET_DAY)" in result["next_step"]
    assert 0 < service[0].calls.billed() <= 20

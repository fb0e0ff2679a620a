"""`host.js` against the official host side of MCP Apps, without the rest of the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Frame, expect
from support.chat import CHAT, CLAUDE, EVERYTHING, Chat, chatting

from art_mcp.server.gallery import page

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PROBE = """<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>Probe</title><body style="margin: 0">
<div id="high" style="height: 321px"></div>
<script type="application/json" id="config">CONFIG</script>
<script type="module">SCRIPT
const told = window.told = [];
const tell = (name) => (...values) => told.push([name, ...values]);
window.host = await connect({
  input: tell("input"), result: tell("result"), cancelled: tell("cancelled"), context: tell("context"),
});
told.push(["connected"]);
</script></body></html>"""


def probe(config: Any = None) -> str:
    """A page that writes down what `host.js` tells it."""
    return PROBE.replace("CONFIG", json.dumps(config)).replace("SCRIPT", page._script("host.js", set()))


@pytest.fixture
async def chat(browser: Browser, server: str) -> AsyncIterator[Chat]:
    async with chatting(browser, server, html=probe()) as chat:
        yield chat
        assert chat.errors == []


async def told(frame: Frame, event: str) -> list[Any]:
    """What the page has been told by an event, each time."""
    return [values for name, *values in await frame.evaluate("told") if name == event]


async def refusal(frame: Frame, call: str) -> str:
    """What the user is told about a call of the host that is rejected."""
    said = await frame.evaluate(
        f"{call}.then(() => 'not rejected', (error) => [error.constructor.name, error.message])"
    )
    assert said[0] == "HostError", said
    return said[1]


async def test_the_first_call_arrives_after_the_handshake(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=3)
    await frame.wait_for_function("() => told.some(([name]) => name === 'result')")
    assert [name for name, *_ in await frame.evaluate("told")] == ["connected", "context", "input", "result"]
    ((arguments, tool),) = await told(frame, "input")
    assert (tool, arguments) == ("search_paintings_by_text", {"query": "ships", "limit": 3})
    ((result,),) = await told(frame, "result")
    assert len(result["structuredContent"]["results"]) == 3
    assert await frame.evaluate("host.inChat") and await frame.evaluate("host.config") is None
    await chat.page.wait_for_timeout(2000)
    assert await chat.heard("ready") == 1  # a host that talks is not told again


async def test_a_result_that_comes_twice_is_one(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2)
    await frame.wait_for_function("() => told.some(([name]) => name === 'result')")
    ((result,),) = await told(frame, "result")
    await chat.page.evaluate("(result) => bridge.sendToolResult(result)", result)
    await chat.page.evaluate("bridge.sendToolResult({content: []})")
    await frame.wait_for_function("() => told.at(-1)[1].content.length === 0")
    assert len(await told(frame, "result")) == 2


async def test_a_cancelled_call_is_told(chat: Chat) -> None:
    frame = await chat.ask(query="ships", cancelled="the user stopped it")
    await frame.wait_for_function("() => told.some(([name]) => name === 'cancelled')")
    assert await told(frame, "cancelled") == [["the user stopped it"]]


async def test_the_height_follows_the_page_until_it_fills_the_window(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2)
    assert await chat.heard("sizes") == [321]
    await frame.evaluate("document.getElementById('high').style.height = '500.5px'")
    await chat.page.wait_for_function("() => heard.sizes.at(-1) === 501")
    assert await frame.evaluate("host.fullscreen(true)") == "fullscreen"
    assert await chat.heard("modes") == ["fullscreen"]
    await frame.evaluate("document.getElementById('high').style.height = '900px'")
    await chat.page.wait_for_timeout(300)
    assert await chat.heard("sizes") == [321, 501]
    await chat.change(displayMode="inline")
    await chat.page.wait_for_function("() => heard.sizes.at(-1) === 900")


async def test_what_changes_around_the_page_is_merged_and_shown(chat: Chat) -> None:
    styles = {"variables": {"--color-text-primary": "light-dark(#111, #eee)"}, "css": {"fonts": "p { order: 7 }"}}
    around = {**CLAUDE, "styles": styles, "safeAreaInsets": {"top": 11, "right": 0, "bottom": 22, "left": 0}}
    frame = await chat.ask(query="ships", limit=2, context={**around, "containerDimensions": {"height": 400}})
    root = frame.locator("html")
    shown = "(root, name) => getComputedStyle(root).getPropertyValue(name)"
    assert await root.evaluate(shown, "--color-text-primary") == "light-dark(#111, #eee)"
    assert await root.evaluate(shown, "--safe-bottom") == "22px"
    assert await root.evaluate("(root) => ({...root.dataset})") == {
        "theme": "light",
        "display": "inline",
        "height": "fixed",
    }
    assert await frame.evaluate("document.getElementById('host-fonts').textContent") == "p { order: 7 }"
    await chat.change(theme="dark", locale="de")
    await frame.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert await root.evaluate(shown, "color-scheme") == "dark"
    (merged,) = (await told(frame, "context"))[-1]
    assert merged["locale"] == "de" and merged["safeAreaInsets"]["top"] == 11


async def test_tools_are_called(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2)
    found = await frame.evaluate("host.call('search_paintings_by_text', {query: 'a mill', limit: 4})")
    assert len(found["structuredContent"]["results"]) == 4
    wrong = await frame.evaluate("host.call('search_paintings_by_text', {query: 'a mill', limit: -1})")
    assert wrong["isError"]
    chat.offline = True
    assert "could not do this" in await refusal(frame, "host.call('describe_collection')")
    chat.errors.clear()  # the browser's own, about the connection


async def test_what_is_handed_to_the_chat_arrives(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2)
    await frame.evaluate("host.message('Look at this')")
    assert await chat.heard("messages") == [{"role": "user", "content": [{"type": "text", "text": "Look at this"}]}]
    await frame.evaluate("host.tell('Two are chosen', {ids: ['a', 'b']})")
    text = {"type": "text", "text": "Two are chosen"}
    assert await chat.heard("contexts") == [{"content": [text], "structuredContent": {"ids": ["a", "b"]}}]
    await frame.evaluate("host.open('https://museum.example/1')")
    assert await chat.heard("links") == [{"url": "https://museum.example/1"}]
    assert "not a web address" in await refusal(frame, "host.open('javascript:alert(1)')")
    assert len(await chat.heard("links")) == 1


async def test_a_refusal_is_told(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2, refuses=True)
    assert await refusal(frame, "host.message('hello')") == "The chat did not accept the message."
    assert await refusal(frame, "host.open('https://museum.example')") == "The chat did not open the link."


@pytest.mark.parametrize(
    "host, capabilities, can",
    [
        ("Claude", EVERYTHING, {"call", "message", "context", "openLink", "fullscreen"}),
        ("VS Code", {"serverTools": {}, "openLinks": {}, "updateModelContext": {}}, {"call", "context", "openLink"}),
        ("Cursor", {"serverTools": {}, "openLinks": {}, "downloadFile": {}}, {"call", "openLink"}),
        ("Goose", {"openLinks": {}}, {"openLink"}),
    ],
)
async def test_what_a_host_can_is_what_it_says(
    chat: Chat, host: str, capabilities: dict[str, Any], can: set[str]
) -> None:
    modes = ["inline", "fullscreen"] if "fullscreen" in can else ["inline"]
    context = {**CLAUDE, "availableDisplayModes": modes}
    frame = await chat.ask(query="ships", limit=2, capabilities=capabilities, context=context)
    assert {name for name, it_can in (await frame.evaluate("host.can")).items() if it_can} == can
    if "context" in can:
        await frame.evaluate("host.tell('Two are chosen', {ids: []})")
        (context,) = await chat.heard("contexts")
        assert ("structuredContent" in context) == ("structuredContent" in capabilities["updateModelContext"])


async def test_only_the_chat_is_heard_and_it_can_take_the_page_away(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=2)
    await frame.wait_for_function("() => told.some(([name]) => name === 'result')")
    forged = {"jsonrpc": "2.0", "method": "ui/notifications/tool-result", "params": {"content": []}}
    await frame.evaluate("(forged) => window.postMessage(forged, '*')", forged)
    await chat.page.evaluate("end()")
    assert await chat.heard("down")
    assert len(await told(frame, "result")) == 1


BARE = """
(answers) => {
  window.said = [];
  window.addEventListener("message", ({ data, source }) => {
    said.push(data.method);
    if (answers && data.id) source.postMessage({ jsonrpc: "2.0", id: data.id, error: { code: 1, message: "no" } }, "*");
  });
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.src = "/frame";
  document.body.replaceChildren(frame);
}
"""


@pytest.mark.parametrize("answers", [True, False], ids=["with an error", "not at all"])
async def test_a_host_that_answers_badly_is_told_that_the_page_is_ready(chat: Chat, answers: bool) -> None:
    await chat.page.evaluate(BARE, answers)
    await chat.page.wait_for_function("() => said.includes('ui/notifications/size-changed')")
    said = await chat.page.evaluate("said")
    assert said[:3] == ["ui/initialize", "ui/notifications/initialized", "ui/notifications/size-changed"]
    await chat.frame.wait_for_function("() => window.told")
    assert not any((await chat.frame.evaluate("host.can")).values())
    if answers:
        await chat.page.wait_for_function(
            "() => said.filter((each) => each === 'ui/notifications/initialized').length === 2"
        )


async def test_chatgpt_may_have_the_result_in_its_globals_only(chat: Chat) -> None:
    await chat.page.add_init_script("""
      window.openai = {
        toolInput: {query: "ships"}, toolOutput: {results: []}, toolResponseMetadata: {kept: 1},
      };
    """)
    await chat.page.evaluate(BARE, True)
    await chat.page.wait_for_function("() => frames.length === 1 && said.length")
    frame = chat.frame
    await frame.wait_for_function("() => window.told?.some(([name]) => name === 'result')")
    assert await told(frame, "input") == [[{"query": "ships"}, None]]
    assert await told(frame, "result") == [
        [{"content": [], "structuredContent": {"results": []}, "_meta": {"kept": 1}}]
    ]


async def test_chatgpt_keeps_where_the_user_is_over_a_reload(browser: Browser, server: str) -> None:
    async with chatting(browser, server) as chat:
        await chat.page.add_init_script("""
          window.openai = {
            get widgetState() { return JSON.parse(window.name || "null"); },
            setWidgetState(state) { window.name = JSON.stringify(state); },
          };
        """)
        await chat.page.reload()
        await chat.page.wait_for_function("() => window.ask")
        frame = await chat.ask(query="ships in a storm", limit=3)
        await frame.get_by_role("searchbox").fill("a windmill")
        await frame.get_by_role("searchbox").press("Enter")
        await expect(frame.locator("#wall > li").first).to_contain_text("Windmill by the Canal")
        await frame.locator("#wall > li button").first.click()
        await expect(frame.get_by_role("heading", name="Windmill by the Canal")).to_be_visible()
        state = await frame.evaluate("window.name")
        assert len(state) < 10_000

        # The host shows the frame again, with the result of its call and with the state that it has kept.
        await chat.page.add_init_script(f"if (window !== parent) window.name = {json.dumps(state)};")
        await chat.page.reload()
        await chat.page.wait_for_function("() => window.ask")
        frame = await chat.ask(query="ships in a storm", limit=3)
        await expect(frame.get_by_role("heading", name="Windmill by the Canal")).to_be_visible()
        await frame.get_by_role("button", name="Back").click()
        await expect(frame.get_by_role("searchbox")).to_have_value("a windmill")
        await frame.get_by_role("searchbox").fill("a cat")
        await frame.get_by_role("searchbox").press("Enter")
        await expect(frame.get_by_role("searchbox")).to_have_value("a cat")


async def test_a_browser_asks_the_server_itself(chat: Chat) -> None:
    chat.html, chat.csp = probe({"endpoint": "/mcp"}), ""
    await chat.page.goto(f"{CHAT}/frame")
    page = chat.page.main_frame
    await page.wait_for_function("() => window.told?.length")
    assert {name for name, it_can in (await page.evaluate("host.can")).items() if it_can} == {"call", "openLink"}
    found = await page.evaluate("host.call('search_paintings_by_text', {query: 'a mill', limit: 4})")
    assert len(found["structuredContent"]["results"]) == 4
    wrong = await page.evaluate("host.call('search_paintings_by_text', {query: 'a mill', limit: -1})")
    assert wrong["isError"]
    assert "art-mcp could not do this: " in await refusal(page, "host.call(7)")
    chat.errors.clear()  # the browser's own, about the status
    async with chat.page.expect_popup() as opened:
        await page.evaluate(f"host.open('{CHAT}/elsewhere')")
    assert await (await opened.value).evaluate("window.opener") is None
    chat.offline = True
    assert "cannot be reached" in await refusal(page, "host.call('describe_collection')")
    chat.errors.clear()  # the browser's own, about the connection

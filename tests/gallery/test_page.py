"""The gallery's page as one file: what is in it, what is not, and what it weighs."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from support.node import run

from art_mcp.server.gallery import page
from art_mcp.server.gallery.page import gallery_page

SOURCES = {file.name: file.read_text("utf-8") for file in (files("art_mcp.server.gallery") / "page").iterdir()}
MODULES = {name: text for name, text in SOURCES.items() if name.endswith(".js")}
LOADED = re.compile(r"""\b(?:src|href|srcset|action)\s*=|@import|url\(|\bimport\s*\(|\bfrom\s+["']""")
AS_CODE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|DOMParser|setHTMLUnsafe"
    r"""|\beval\s*\(|new\s+Function|\bFunction\s*\(|set(?:Timeout|Interval)\(\s*["'`]|javascript:|Attribute\(\s*["'`]on"""
)
TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let|var) (\w+)", re.MULTILINE)


def test_it_is_small() -> None:
    assert len(gallery_page().encode()) <= 60_000


def test_it_loads_nothing() -> None:
    assert [found for found in LOADED.findall(gallery_page()) if found] == []


def test_a_browser_is_told_not_to_ask_for_an_icon() -> None:
    icon = '<link rel="icon" href="data:,">'
    assert icon in gallery_page({"endpoint": "/mcp"}) and icon not in gallery_page()


@pytest.mark.parametrize("name", MODULES)
def test_no_text_becomes_code_or_markup(name: str) -> None:
    assert AS_CODE.findall(MODULES[name]) == []


def test_all_modules_and_styles_are_in_it_and_their_names_differ() -> None:
    whole = gallery_page()
    names = Counter(name for module in MODULES.values() for name in TOP_LEVEL.findall(module))
    assert {name for name, count in names.items() if count > 1} == set()
    assert {name for name in names if not re.search(rf"\b{name}\b", whole)} == set()
    for name in SOURCES:
        if name.endswith(".css"):
            for selector in re.findall(r"^[.#][\w-]+(?= \{)", SOURCES[name], re.MULTILINE):
                assert f"{selector}{{" in whole


def test_every_name_is_known(tmp_path: Path) -> None:
    """Also across modules: each import exists, and each function gets as many arguments as it needs."""
    main = files("art_mcp.server.gallery") / "page" / "main.js"
    target = ("--target", "esnext", "--module", "esnext", "--lib", "dom,dom.iterable,esnext")
    done = run("tsc", "--allowJs", "--checkJs", "--noEmit", "--strict", "false", *target, str(main), home=tmp_path)
    wrong = re.compile(r"\bTS(?:1\d{3}|2304|2305|2300|2307|2451|2552|2554|2614|2724): ")
    assert not done.stderr
    assert [line for line in done.stdout.splitlines() if wrong.search(line)] == []


def test_what_is_left_out_of_the_script_means_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A minifier that knows the language makes the same of it as of the modules as they are written."""
    dense = page._script("main.js", set())
    monkeypatch.setattr(page, "_COMMENT", re.compile("(?!)"))
    monkeypatch.setattr(page, "_dense", "{}\n".format)
    written = page._script("main.js", set())
    assert minified(dense, tmp_path) == minified(written, tmp_path)
    assert len(dense) < 0.85 * len(written)


def minified(script: str, folder: Path) -> str:
    (folder / "script.mjs").write_text(script)
    done = run("esbuild", "script.mjs", "--minify", "--format=esm", home=folder)
    assert not done.stderr
    return done.stdout


def test_comments_and_indentation_are_left_out() -> None:
    lines = gallery_page().splitlines()
    assert [line for line in lines if line.startswith(("//", "/*", "<!--"))] == []
    assert [line for line in lines if line != line.strip() or not line] == []


def test_what_looks_like_a_comment_stays_in_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        '// a module\nimport { b } from "./b.js";\n\n/**\n * A function.\n */\nexport function a() {\n'
        '  const url = "https://a.example // not a comment"; // its address\n'
        "  return `${url} // neither`; // what's more\n}\n"
    )
    monkeypatch.setattr(page, "_read", {"main.js": source, "b.js": "export const b = 1;\n"}.__getitem__)
    assert page._script("main.js", set()).splitlines() == [
        'const b=1;function a(){const url="https://a.example // not a comment";'
        "return `${url} // neither`; // what's more",
        "}",
    ]


@pytest.mark.parametrize(
    "source",
    [
        'import c from "./c.js";\n',
        'import "https://c.example/c.js";\n',
        "export default 1;\n",
        "export { a };\n",
        'const a = "</script>";\n',
        'const a = "<!-- ";\n',
        'const a = "{{config}}";\n',
    ],
)
def test_what_does_not_fit_into_one_script_is_refused(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setattr(page, "_read", lambda name: source)
    with pytest.raises(ValueError, match=r"main\.js has '.*', which cannot be put into the page"):
        page._script("main.js", set())


def test_its_configuration_cannot_end_the_script() -> None:
    whole = gallery_page({"endpoint": "/x/mcp", "upload": "</script><script>alert(1)</script>{{nonce}}"}, "abc123")
    assert whole.count("</script>") == 2
    assert '"/x/mcp"' in whole and "{{nonce}}" in whole
    assert re.findall(r"<(style|script)(?: nonce=\"abc123\")( [^>]*)?>", whole) == [
        ("style", ""),
        ("script", ' type="application/json" id="config"'),
        ("script", ' type="module"'),
    ]
    assert "nonce" not in gallery_page().partition("<script")[0] and ">null</script>" in gallery_page()

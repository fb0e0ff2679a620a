"""The gallery's page: the files of `page/` as one HTML document that loads nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_PAGE = files("art_mcp.server.gallery") / "page"
_PLACEHOLDER = re.compile(r"\{\{(style|script|config|nonce|icon)\}\}")
_NO_ICON = '<link rel="icon" href="data:,">'
"""Keeps a browser from asking for /favicon.ico; in a chat, it may break the host's content security policy."""
_IMPORT = re.compile(r'^import (?:\{[\w\s,]*\} from )?"\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
# Line by line, so that nothing in a string, a template or a regular expression is taken for a comment: a comment begins
# its line, or it follows code and has no quotation mark in it.
_COMMENT = re.compile(r"^\s*(?://.*|/\*(?:[^*]|\*(?!/))*\*/)|[ \t]+// [^\"'`\n]*$", re.MULTILINE)
# Strings, and templates without others in them.
_STRING = re.compile(r"""("[^"\\\n]*"|'[^'\\\n]*'|`(?:[^`\\\n$]|\$\{[^`{}]*\})*`)""")
_SPACE = re.compile(r" *([{}()\[\],;:=<>?&|!*%]) *|(?<![+-]) ([+-]) (?![+-])")
_DIVISION = re.compile(r"(?<=[\w)\]]) / (?=[\w(])")
# Text that may not be what it seems: the rest of a template, a regular expression or a comment.
_UNCERTAIN = re.compile(r"[`\"']|(?<![\w)\]])/")
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*|</script.*|<!--.*|\{\{\w+\}\}", re.MULTILINE | re.IGNORECASE)


def gallery_page(config: Mapping[str, object] | None = None, nonce: str = "") -> str:
    """Return the page.

    Args:
        config: what the page knows in a browser, e.g. `{"endpoint": "/mcp"}`; None in a chat.
        nonce: that of the content security policy, which the page's script and style get; "" for none.
    """
    values = {
        "nonce": f' nonce="{nonce}"' if nonce else "",
        "icon": _NO_ICON if config else "",
        "config": json.dumps(config).replace("<", r"\u003c"),
    }
    return _PLACEHOLDER.sub(lambda found: values[found[1]], _document())


@cache
def _document() -> str:
    """The page without its configuration and nonce."""
    html = re.sub(r"<!--.*?-->|^\s+", "", _read("page.html"), flags=re.DOTALL | re.MULTILINE)
    html = re.sub(r"<(style|script)\b", r"<\1{{nonce}}", html)
    values = {"style": _style(), "script": _script("main.js", set())}
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), html)


def _style() -> str:
    """All style sheets, `style.css` first."""
    names = sorted((file.name for file in _PAGE.iterdir()), key=lambda name: (name != "style.css", name))
    style = "".join(_read(name) for name in names if name.endswith(".css"))
    spaced = re.sub(r"(?:/\*.*?\*/|\s)+", " ", style, flags=re.DOTALL)
    return re.sub(r" ?([{};,]) | (?=[{])|(?<=:) ", r"\1", spaced).replace(";}", "}").strip()


def _script(name: str, taken: set[str]) -> str:
    """A module after those that it imports, each once. All share one scope, so a name means the same in each.

    Raises:
        ValueError: a module has an `import` or `export` of another form, or text that would end the script.
    """
    taken.add(name)
    source = _read(name)
    imported = [_script(other, taken) for other in _IMPORT.findall(source) if other not in taken]
    script = "".join(map(_dense, _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", source))).splitlines()))
    if left := _LEFT_OVER.search(script):
        raise ValueError(f"{name} has {left[0]!r}, which cannot be put into the page.")
    return "".join(imported) + script


def _dense(line: str) -> str:
    """A line of a script without the spaces that mean nothing; as it is where that is not certain."""
    line = line.strip()
    parts = _STRING.split(line)
    code = [_DIVISION.sub("/", part) for part in parts[::2]]
    if any(_UNCERTAIN.search(part) for part in code):
        return line + "\n"
    parts[::2] = [_SPACE.sub(r"\1\2", part) for part in code]
    dense = "".join(parts)
    return dense if dense.endswith((*"{}([,;",)) or not dense else dense + "\n"


def _read(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")

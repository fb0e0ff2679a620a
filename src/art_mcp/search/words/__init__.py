"""Lists of words, normalised by `fold`.

| list | words |
|---|---|
| `ordinary` | common English words, also those that are last names; many from the Tate's data (CC0) |
| `proper` | frequent given names, and places |
| `particles` | words inside a name that may begin a last name: van, de |
| `small` | those, and words that say nothing by themselves |
| `titles` | words around a name that are no part of it: Sir, OM, the Elder |
| `first_names` | of artists who are known by them |
| `foreign` | frequent in questions in other European languages, and neither English nor usual in names |
| `borrowed` | frequent there, too, but also in names, in titles or in English |
| `shared` | frequent in English and in another language, or only in names: in, am, van |

`painters` has the names of well-known painters in other languages and scripts, one painter a line.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def listed(name: str) -> frozenset[str]:
    """Read a list."""
    return frozenset(resources.files(__name__).joinpath(f"{name}.txt").read_text("utf-8").split())


def in_other_languages(name: str) -> frozenset[str]:
    """Return the other forms of a painter's name: of titian, among others tiziano and тициан."""
    return _painters().get(name, frozenset())


@cache
def _painters() -> dict[str, frozenset[str]]:
    lines = map(str.split, resources.files(__name__).joinpath("painters.txt").read_text("utf-8").splitlines())
    return {name: frozenset(names) - {name} for names in lines for name in names}

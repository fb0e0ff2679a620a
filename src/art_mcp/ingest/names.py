"""Converts catalogued artist names to display names: "GOGH, Vincent van" becomes "Vincent van Gogh"."""

from __future__ import annotations

import re

# Particles: words inside a name that are written in lower case.
_is_particle = re.compile(
    "a|af|and|da|dal|dalla|de|degli|dei|del|della|delle|dello|den|der|des|di|do|dos|du|e|el|en|het|il|in|la|las|le|"
    "les|lo|los|of|op|t|te|ten|ter|the|tot|und|van|vom|von|y|zu|zum|zur"
).fullmatch
# Particles that are capitalised at the start of a surname: Georges de La Tour.
_ARTICLES = ("el", "il", "la", "las", "le", "les", "lo", "los")
# Particles before an apostrophe, also in lower case: Biagio d'Antonio, but Roderic O'Conor.
_ELIDED = ("d", "dall", "dell", "l", "nell")
_NUMERALS = ("II", "III", "IV", "V", "VI", "VII", "VIII")

# A description instead of a surname and a given name: "UNKNOWN MASTER, Dutch" keeps its order.
_DESCRIPTION = re.compile(r"\b(MASTERS?|PAINTERS?|ARTISTS?|MINIATURISTS?|SCHOOL|WORKSHOP)$|^(UNKNOWN|ANONYMOUS)\b")
# Suffixes that follow the whole name, wherever the catalogue puts them: "CRANACH, Lucas the Elder".
_GENERATION = r"the (?:Elder|Younger|Older)|I|II|III|IV|V|[JS]r\.?|Junior|Senior"
_AFTER_ALL = re.compile(rf"(?:^| )({_GENERATION}|(?:da|of) [^\W\d_a-z]\w+)$")
# Attribution qualifiers before a name, such as "Workshop of" or "Attributed to".
_QUALIFIER = re.compile(r"(?:[A-Z]?[a-z]+ ){0,3}(?:of|to|after) (?=[^\W\d_]{2})")
_TAIL = re.compile(r" ?\([^()]*\)$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]?")


def display_name(text: str | None) -> str | None:
    """The name in natural order and mixed case; None for a text without letters.

    Only names catalogued as "SURNAME, Given", with the first word in capitals, are reordered and recased. Names in
    mixed case are left unchanged: in "George Lambert, Francis Hayman" the comma separates two people, and in "Augustus
    John OM" the capitals stand for an order. Letters lost in the source ("CAMPA?A") are not restored.
    """
    name = " ".join((text or "").split())
    if not any(map(str.isalpha, name)):
        return None
    return "; ".join(_person(person.strip()) for person in (name.split(";") if "(" not in name else [name]))


def _person(text: str) -> str:
    qualifier = match[0] if (match := _QUALIFIER.match(text)) else ""
    tail = match[0] if (match := _TAIL.search(text)) else ""
    return qualifier + _name(text[len(qualifier) : len(text) - len(tail)]) + tail


def _name(name: str) -> str:
    head, *rest = (part.strip() for part in name.split(","))
    if not _is_catalogued(head.split(), with_given=bool(rest)):
        return name
    if _DESCRIPTION.search(head):
        return ", ".join([_recast(head), *rest])
    given = rest[0] if rest else ""
    after = rest[1:]
    if suffix := _AFTER_ALL.search(given):
        given = given[: suffix.start()]
        after.insert(0, suffix[1])
    if not any(map(str.islower, given)):
        given = _recast(given, opens=False)
    surname = _recast(head, opens=not given or bool(_is_particle(head.lower())))  # Giovanni Do
    elided = given.endswith(("d'", "d’", "l'", "l’"))
    full = f"{given}{'' if elided else ' '}{surname}".strip()
    for part in filter(None, after):
        full += f" {part}" if _AFTER_ALL.match(part) else f", {part}"
    return full


def _is_catalogued(words: list[str], with_given: bool) -> bool:
    """Whether the first word that is neither a particle nor an initial is in capitals."""
    words = [word for word in words if not _is_particle(word) and not _INITIALS.fullmatch(word)]
    if not words or not _in_capitals(words[0]):
        return False
    # "JMW Turner": initials without full stops.
    return with_given or len(words) == 1 or len(words[0]) > 3 or _in_capitals(words[1])


def _in_capitals(word: str) -> bool:
    bare = word.removeprefix("Mc").removeprefix("Mac")
    return bare.isupper() and not _INITIALS.fullmatch(bare)


def _recast(text: str, opens: bool = True) -> str:
    """Convert words in capitals to mixed case; with `opens`, the first is capitalised even if it is a particle."""
    words = text.split()
    for at, word in enumerate(words):
        joins = word == "Y" and 0 < at < len(words) - 1  # Goya y Lucientes
        if not (_in_capitals(word) or joins) or (at and word in _NUMERALS):
            continue
        bare = word.lower().strip("'’")
        if _is_particle(bare) and (at or not (opens or bare in _ARTICLES)):
            words[at] = word.lower()
        else:
            words[at] = "-".join(_capitalised(part, opens and at == 0) for part in word.split("-"))
    return " ".join(words)


def _capitalised(word: str, opens: bool) -> str:
    """Capitalise one word or one side of a hyphen: McCulloch, O'Connor, d'Antonio, Prud'hon, Saint-Aubin."""
    mark = re.search("['’]", word)
    if mark and word[: mark.start()].lower() in _ELIDED:
        front = word[: mark.end()].lower()
        return (front.capitalize() if opens or front[0] == "l" else front) + word[mark.end() :].capitalize()
    if mark and mark.start() == 1:
        return word[:2].upper() + word[2:].capitalize()
    for front in ("Mc", "MC", "Mac"):
        if word.startswith(front) and len(word) > len(front) + 1:
            return front.capitalize() + word[len(front) :].capitalize()
    return word.capitalize()

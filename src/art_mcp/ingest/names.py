"""Names as they are read aloud, from names as catalogues sort them: "GOGH, Vincent van" is Vincent van Gogh."""

from __future__ import annotations

import re

# Words inside a name that are written small.
_is_particle = re.compile(
    "a|af|and|da|dal|dalla|de|degli|dei|del|della|delle|dello|den|der|des|di|do|dos|du|e|el|en|het|il|in|la|las|le|"
    "les|lo|los|of|op|t|te|ten|ter|the|tot|und|van|vom|von|y|zu|zum|zur"
).fullmatch
# Of these, the ones that are written large where a surname opens with them: Georges de La Tour.
_ARTICLES = ("el", "il", "la", "las", "le", "les", "lo", "los")
# Before an apostrophe, written small like the particles: Biagio d'Antonio, but Roderic O'Conor.
_ELIDED = ("d", "dall", "dell", "l", "nell")
_NUMERALS = ("II", "III", "IV", "V", "VI", "VII", "VIII")

# Not a surname and a given name but a description: "UNKNOWN MASTER, Dutch" keeps its order.
_DESCRIPTION = re.compile(r"\b(MASTERS?|PAINTERS?|ARTISTS?|MINIATURISTS?|SCHOOL|WORKSHOP)$|^(UNKNOWN|ANONYMOUS)\b")
# What follows the whole name, wherever the catalogue put it: "CRANACH, Lucas the Elder".
_GENERATION = r"the (?:Elder|Younger|Older)|I|II|III|IV|V|[JS]r\.?|Junior|Senior"
_AFTER_ALL = re.compile(rf"(?:^| )({_GENERATION}|(?:da|of) [^\W\d_a-z]\w+)$")
# How sure the attribution is, in front of the name.
_QUALIFIER = re.compile(r"(?:[A-Z]?[a-z]+ ){0,3}(?:of|to|after) (?=[^\W\d_]{2})")
_TAIL = re.compile(r" ?\([^()]*\)$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]?")


def display_name(text: str | None) -> str | None:
    """The name in the order and the letters in which it is said; None for a text without a letter.

    Only a name that is catalogued as "SURNAME, Given", with the first word in capitals, is taken apart and
    recast. Names in mixed case are left as they are: in "George Lambert, Francis Hayman" the comma parts two
    people, in "Augustus John OM" the capitals are an order. A letter that the source has lost ("CAMPA?A")
    stays lost.
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
    glued = given.endswith(("d'", "d’", "l'", "l’"))
    said = f"{given}{'' if glued else ' '}{surname}".strip()
    for part in filter(None, after):
        said += f" {part}" if _AFTER_ALL.match(part) else f", {part}"
    return said


def _is_catalogued(words: list[str], with_given: bool) -> bool:
    """Whether the first word that is no particle or initial is in capitals."""
    words = [word for word in words if not _is_particle(word) and not _INITIALS.fullmatch(word)]
    if not words or not _in_capitals(words[0]):
        return False
    # "JMW Turner": initials without their points.
    return with_given or len(words) == 1 or len(words[0]) > 3 or _in_capitals(words[1])


def _in_capitals(word: str) -> bool:
    bare = word.removeprefix("Mc").removeprefix("Mac")
    return bare.isupper() and not _INITIALS.fullmatch(bare)


def _recast(text: str, opens: bool = True) -> str:
    """Words in capitals in mixed case; `opens` says that the first is written large, particle or not."""
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
    """One word, or one side of a hyphen: McCulloch, O'Connor, d'Antonio, Prud'hon, Saint-Aubin."""
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

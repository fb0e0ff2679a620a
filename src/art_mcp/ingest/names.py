"""Reads the artists of a painting from a catalogue: "GOGH, Vincent van (1853-1890)" becomes "Vincent van Gogh"."""

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

_WIDE = str.maketrans("（）［］；｜", "()[];|")
"""Brackets and separators as Chinese and Japanese texts have them."""
MOST = 20
"""Maximum number of artists of a painting."""
_SEVERAL = re.compile(r"\s*[;|\n]\s*|\s+/\s+")
_NEXT = re.compile(r"(?<=\d[)\]]), (?=[^\W\d_][^()\[\]]*[(\[][^()\[\]]*\d)")
"""The comma between two makers with years of life."""
_AND = re.compile(r" (?:and|&|und|et|y|e|en|og|och) ")
_ROLE = (
    r"(?:artist|maker|creator|author|painter)(?:s|\(s\))?|draughts(?:man|woman)|drawer|engravers?|etchers?|printmakers?|"
    "lithographers?|photographers?|sculptors?|illustrators?|designers?|publishers?|printers?|architects?|"
    r"(?:maler|zeichner|künstler|stecher|drucker|verleger)(?:[/:*]?in|\(in\))?|kunstner|konstnär|målare|maalari|"
    "taiteilija|peintre|peinture|artiste|graveur|dessinateur|auteur|éditeur|imprimeur|pintora?|artista|autore?a?|"
    "grabador|pittore|pittrice|incisore|schilder(?:es)?|tekenaar|prentmaker|kunstenaar|drukker|uitgever|malarz|"
    "malarka|malíř(?:ka)?|художник|живописец|автор|画家|作者"
)
_NATION = (
    "American|Argentine|Australian|Austrian|Belgian|Bohemian|Brazilian|British|Canadian|Chilean|Chinese|Colombian|"
    "Croatian|Cuban|Czech|Danish|Dutch|Egyptian|English|Estonian|Finnish|Flemish|French|German|Greek|Haitian|Hungarian|"
    "Icelandic|Indian|Iranian|Irish|Israeli|Italian|Jamaican|Japanese|Korean|Latvian|Lithuanian|Mexican|Netherlandish|"
    "New Zealand|Nigerian|Norwegian|Persian|Peruvian|Polish|Portuguese|Romanian|Russian|Scottish|Serbian|Slovak|"
    "Slovenian|South African|Spanish|Swedish|Swiss|Turkish|Ukrainian|Venezuelan|Venetian|Florentine|Welsh"
)
# What a catalogue adds to a name: years of life or activity, the nationality, the role.
_ASIDE = re.compile(
    rf"(?:(?:{_NATION})(?:[-/ ](?:{_NATION}|born))*\b[,;]? ?)?(?:(?:{_ROLE})\b)?(?:[,;]? ?[^,;()]*\d{{3,4}}[^()]*)?"
    r"|(?:born|died|active|working|worked)(?: (?:in|at))? .*"
    r"|[^()]*\d{3,4}[^()]*[-–—][^()]*\d{3,4}[^()]*",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r" ?[(\[]([^()\[\]]*)[)\]]")
_YEARS_AFTER = re.compile(
    r"(?:,? (?:b|d|born|died|active|act|c|ca|circa|geb|fl)\.?(?: (?:c|ca|circa)\.?)? ?(?=\d)| [*†] ?(?=\d)|, ?|"
    r" (?=\d{3,4}\?? ?[-–—]))"
    r"\d{3,4}\??(?: ?[-–—] ?(?:\d{2,4}\??)?)?$"
)
_ROLE_AFTER = re.compile(rf"(?<=[)\]]) (?:{_ROLE})$", re.IGNORECASE)
_NATION_AFTER = re.compile(rf"\. (?:{_NATION})(?=,|$)")
# How what is no artist of its own begins, as in "Claude Monet; French, 1840-1926".
_OF_NOBODY = re.compile(rf" ?(?:(?:{_NATION}|{_ROLE})\b|\d)", re.IGNORECASE)
_ROLE_BEFORE = re.compile(rf"(?:{_ROLE}) ?[::] ?|by (?=[^\W\d_])", re.IGNORECASE)


def artists(text: str | None) -> list[str]:
    """The artists that a catalogue names, each once, by their names alone and in reading order.

    Several are separated by ";", "|" or " / ", or by "and" between two full names. Years of life, nationalities and
    roles are no part of a name; who is only connected with the artist stays in it: "Workshop of Rembrandt".
    """
    parts = _separated(_NEXT.sub("; ", (text or "").translate(_WIDE)))
    named = [part for part in parts if not (_OF_NOBODY.match(part) and _is_aside(part))] or parts
    found = (display_name(person) for part in named for person in _pair(_alone(part)))
    return list(dict.fromkeys(name for name in found if name))[:MOST]


def _separated(text: str) -> list[str]:
    """Split a text at the separators that are not in brackets."""
    if not _SEVERAL.search(text):
        return [text]
    hidden = _BRACKETED.sub(lambda match: " " * len(match[0]), text)
    edges = [0, *(edge for match in _SEVERAL.finditer(hidden) for edge in match.span()), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _alone(person: str) -> str:
    """A name without what a catalogue adds to it."""
    name = _NATION_AFTER.sub("", _ROLE_AFTER.sub("", " ".join(person.split())))
    name = _BRACKETED.sub(lambda match: "" if _is_aside(match[1]) else match[0], name)
    name = _YEARS_AFTER.sub("", _ROLE_BEFORE.sub("", name, count=1) if _ROLE_BEFORE.match(name) else name)
    first, *rest = name.split(", ")
    return ", ".join([first, *(part for part in rest if not _is_aside(part))]).strip(" ,")


def _is_aside(text: str) -> bool:
    return bool(text.strip()) and len(text) < 200 and _ASIDE.fullmatch(text.strip()) is not None


def _pair(name: str) -> list[str]:
    """The two names that "and" joins; "Gilbert and George" is one."""
    both = _AND.split(name)
    if len(both) == 2 and all(len(each.split()) > 1 and not _is_particle(each.split()[0].lower()) for each in both):
        return both
    return [name]


def display_name(text: str | None) -> str | None:
    """The name of one artist in reading order and mixed case; None for a text without letters.

    Only names catalogued as "SURNAME, Given", with the first word in capitals, are reordered and recased. Names in
    mixed case are left unchanged: in "George Lambert, Francis Hayman" the comma separates two people, and in "Augustus
    John OM" the capitals stand for an order. Letters lost in the source ("CAMPA?A") are not restored.
    """
    name = " ".join((text or "").split())
    if not any(map(str.isalpha, name)):
        return None
    qualifier = match[0] if (match := _QUALIFIER.match(name)) else ""
    tail = match[0] if (match := _TAIL.search(name)) else ""
    return qualifier + _name(name[len(qualifier) : len(name) - len(tail)]) + tail


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

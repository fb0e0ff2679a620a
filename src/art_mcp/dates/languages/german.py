"""German words of dates."""

WORDS = {
    "about": "um|etwa|gegen|zirka|ungefähr|um das jahr|circa um|wohl um|um ca",
    "before": "vor|spätestens|vor dem jahr|oder früher|in oder vor|bis spätestens",
    "after": "nach|frühestens|ab|seit|nach dem jahr|oder später|in oder nach",
    "not": "nicht",
    "from": "von|vom",
    "until": "bis",
    "to": "zum|zur|bis in das|bis ins|bis zum|bis in die",
    "or": "oder|und|u|bzw",
    "of": "des|dem|der|das|im|in der|in den|jahr|die",
    "doubt": "wohl|wahrscheinlich|vermutlich|zwischen|vielleicht|möglicherweise",
    "ordinals": "erste/ersten/erster/erstes|zweite/zweiten/zweiter/zweites|dritte/dritten/dritter/drittes|"
    "vierte/vierten/viertes|fünfte/fünften|sechste/sechsten|siebte/siebten|achte/achten|neunte/neunten|"
    "zehnte/zehnten|elfte/elften|zwölfte/zwölften|dreizehnte/dreizehnten|vierzehnte/vierzehnten/vierzehntes|"
    "fünfzehnte/fünfzehnten/fünfzehntes|sechzehnte/sechzehnten/sechzehntes|siebzehnte/siebzehnten/siebzehntes|"
    "achtzehnte/achtzehnten/achtzehntes|neunzehnte/neunzehnten/neunzehntes|zwanzigste/zwanzigsten/zwanzigstes",
    "last": "letzte|letzten|letztes",
    "decade ending": "er",
    "early": "anfang|erste jahrzehnte|frühes|frühe|frühen|früh|beginn|anf|zu beginn|zu anfang",
    "mid": "mitte|mittleres|mittlere",
    "late": "ende|spätes|späte|späten|spät|ausgehendes|ausgang|gegen ende|am ende",
    "later": "später|späteres|späteren",
    "earlier": "früher|früheres|früheren",
    "turn": "wende|jahrhundertwende",
    "half": "hälfte|h|hlft",
    "third": "drittel|dritteln",
    "quarter": "viertel|v|vtl",
    "tenth": "jahrzehnt",
    "calendar years": "jahre|jahren",
    "century": "jahrhundert|jahrhunderts|jahrhunderte|jahrhunderten|jh|jhd|jhdt|jhs|jhdts|jahrh|jht",
    "millennium": "jahrtausend|jahrtausends|jt|jtsd",
    "bc": "v chr|v chr geb|vor chr|vor christus|vor christi geburt|v u z|vor unserer zeit|vor unserer zeitrechnung|v c",
    "ad": "n chr|nach chr|nach christus|nach christi geburt|u z|n u z|unserer zeitrechnung",
    "work": "gemalt|begonnen|vollendet|datiert|ausgeführt|entstanden|überarbeitet|dat|geschaffen|übermalt|signiert|"
    "entworfen|entwurf",
    "event": "ausgestellt|gedruckt|abguss|guss|gegossen|auflage|veröffentlicht|erschienen|publiziert|druck|abzug|"
    "gestochen",
    "later event": "restauriert|nachdruck|neudruck|neuauflage|erworben|replik|wiederholung|kopie|nachguss|"
    "späterer abguss|späterer druck|späterer abzug|gestiftet|rekonstruiert|neu aufgelegt|mit|rahmen",
    "model": "im stil des|in der art des|nach einem original des|nach einem vorbild des|kopie nach",
    "period": "zeit|epoche|dynastie|periode|reich|regierungszeit|regentschaft",
    "nothing": "undatiert|o j|ohne jahr|o d|ohne datum|unbekannt",
    "months": "januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|frühjahr|frühling|sommer|herbst",
    "tens": "zwanziger:20|dreißiger:30|vierziger:40|fünfziger:50|sechziger:60|siebziger:70|achtziger:80|neunziger:90",
}

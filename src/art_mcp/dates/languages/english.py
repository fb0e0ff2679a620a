"""English words of dates, with the abbreviations that catalogues of all languages use."""

WORDS = {
    "about": "c|ca|cca|cc|circa|about|around|approx|approximately|abt|near",
    "before": "before|ante|pre|by|prior to|until before|not later than|no later than|or earlier|at latest",
    "after": "after|or later|post|since|onward|onwards|not earlier than|no earlier than|no before|at earliest",
    "not": "not|never",
    "from": "from|starting",
    "until": "until|till|up to",
    "to": "to|through|thru|into",
    "or": "or|and|as well as",
    "of": "of|of the|the|in|in the|during|during the|during the course of the",
    "doubt": "probably|perhaps|possibly|presumably|likely|maybe|uncertain|prob|poss|between|betw|most|very|mainly|"
    "partly",
    "ordinals": "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|"
    "fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first",
    "last": "last|final",
    "ordinal ending": "st|nd|rd|th",
    "decade ending": "ies|ties",
    "decade or century ending": "s",
    "early": "early|first decades|beginning|beginnings|start|beg|opening|begin",
    "mid": "mid|middle",
    "late": "late|end|very late|close",
    "turn": "turn",
    "later": "later",
    "earlier": "earlier",
    "earlier half": "earlier part|former half",
    "later half": "later part|latter half|latter part|latter",
    "half": "half|halves",
    "third": "third|thirds",
    "quarter": "quarter|quarters|qtr",
    "tenth": "decade",
    "years": "years|decades|decade|the years",
    "century": "century|centuries|cent|cents|cen|cty|saec|saeculum|saeculo",
    "millennium": "millennium|millennia|mill|millenium",
    "bc": "b c|bc|b c e|bce|m ö|milattan önce|π χ|ق م|î hr|a e c",
    "ago": "b p|bp|cal bp|years ago|mya",
    "ad": "a d|ad|c e|ce|anno domini|م|ميلادي|ميلادية|ค ศ",
    "hijri": "a h|ah|hijri|hegira|hijra|هـ|ه|هجري|هجرية|ه ق|هجری قمری",
    "solar hijri": "solar hijri|a h s|s h|ه ش|هجری شمسی|شمسی",
    "samvat": "samvat|vikram samvat|vikrama samvat|v s",
    "saka": "saka|saka era",
    "buddhist": "b e|be|buddhist era|พ ศ|พุทธศักราช",
    "dangun": "dangun|dangi|단기|檀紀",
    "work": "worked|reworked|painted|repainted|touched|retouched|begun|began|started|completed|finished|executed|"
    "dated|made|drawn|state|states|block|plate|negative|conceived|modeled|modelled|signed|carved|woven|manufactured|"
    "manufacture|produced|fabricated|designed|design",
    "event": "exhibited|published|engraved|cast|casts|printing|printed|print|impression|edition|editioned|"
    "first published",
    "later event": "restored|recast|reprinted|reprint|replica|reassembled|reconstructed|reconstruction|refabricated|"
    "remade|repaired|enlarged|enlarged version|annotated|later edition|memorial edition|reissued|republished|"
    "ed|edn|varnished|relined|"
    "posthumous|posthumously|mount|mounted|reproduced|reproduction|reproduction of|copy|later cast|later copy|"
    "later print|facsimile|donated|given|sold|bequeathed|photographed|additions|released|with|re edition|"
    "re - edition|re - editioned|re - made|re - printed|re - cast|re - issued|framed|reframed|rebound|recorded|"
    "documented|conserved|revised|acquired|purchased|excavated|discovered|presented|"
    "recreated|re - created|refurbished|rebuilt|digitized|digitised|rephotographed|copied|gift|loaned|lent|"
    "accessioned|frame",
    "model": "in the style of|style of|in style of|after an original of|after a model of|copy of|based on|imitating",
    "period": "period|periods|dynasty|dynasties|kingdom|reign|reigned|era|epoch|empire|ruled",
    "label": "no|nr|patent|inv|lot|cat|model no|patent no|inventory|acc|accession|pl|fig|page|pp|vol|serial|opus",
    "nothing": "n d|no date|not dated|undated|date not known|unknown",
    "months": "january|jan|february|feb|march|mar|april|apr|may|june|jun|july|jul|august|aug|september|sept|sep|"
    "october|oct|november|nov|december|dec|spring|summer|autumn|fall|winter|easter|christmas",
    "tens": "twenties:20|thirties:30|forties:40|fifties:50|sixties:60|seventies:70|eighties:80|nineties:90",
}

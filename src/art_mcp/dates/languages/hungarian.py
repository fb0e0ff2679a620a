"""Hungarian words of dates."""

WORDS = {
    "about": "körül|kb|kb a|körüli|táján|körülbelül",
    "before": "előtt|előtti|legkésőbb|vagy előtte|vagy korábban|nem később mint",
    "after": "után|utáni|legkorábban|vagy utána|óta|vagy később|nem korábban mint",
    "until": "ig",
    "or": "vagy|és",
    "of": "év|évi",
    "doubt": "valószínűleg|között|közötti|talán|feltehetően",
    "ordinals": "első|második|harmadik|negyedik|ötödik|hatodik|hetedik|nyolcadik|kilencedik|tizedik|tizenegyedik|"
    "tizenkettedik|tizenharmadik|tizennegyedik|tizenötödik|tizenhatodik|tizenhetedik|tizennyolcadik|tizenkilencedik|"
    "huszadik",
    "last": "utolsó",
    "decade ending": "as|es|os|ös",
    "early": "eleje|elején|elejéről|kezdete",
    "mid": "közepe|közepén|közepéről|dereka",
    "late": "vége|végén|végéről",
    "turn": "forduló|fordulója|fordulóján|századforduló",
    "half": "fele|felében|feléből",
    "third": "harmada|harmadában",
    "quarter": "negyede|negyedében",
    "years": "évek|évekből|években",
    "century": "század|sz|századi|századból|században|szd",
    "millennium": "évezred|évezredben",
    "bc": "kr e|krisztus előtt|i e kr|i e",
    "ad": "kr u|krisztus után|i sz",
    "event": "öntés|öntve|öntvény|kiállítva|kiadva|nyomtatva",
    "later event": "restaurálva",
    "period": "kor|korszak|dinasztia|korából",
    "nothing": "k n|dátum nélkül|é n|évszám nélkül",
    "tens": "húszas évek:20|harmincas évek:30|negyvenes évek:40|ötvenes évek:50|hatvanas évek:60|hetvenes évek:70|"
    "nyolcvanas évek:80|kilencvenes évek:90",
}

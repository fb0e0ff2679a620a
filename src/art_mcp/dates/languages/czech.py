"""Czech and Slovak words of dates."""

WORDS = {
    "about": "kolem|okolo|kolem roku|okolo roku|přibližně|zhruba|kol|cca|asi kolem|v okolí",
    "before": "před|před rokem|nejpozději|nejpozději do|nebo dříve|nejpozději v roce|pred|pred rokom",
    "after": "po|po roce|nejdříve|nebo později|po roku|nejdříve v roce|po r",
    "not": "ne",
    "from": "od|od roku|od r",
    "until": "do|až do|do roku|do r",
    "to between": "až",
    "or": "nebo|či|alebo|též",
    "or between": "i",
    "of": "rok|roku|ve|v roce|ze|v letech|v průběhu",
    "doubt": "asi|pravděpodobně|snad|možná|mezi|patrně|zřejmě|zrejme|medzi",
    "ordinals": "první/prvá|druhá/druhé/druhý/druhou|třetí/tretia|čtvrtá/čtvrtý/štvrtá|pátý|šestý|sedmý|osmý|devátý|"
    "desátý|jedenácté/jedenáctého|dvanácté/dvanáctého|třinácté/třináctého|čtrnácté/čtrnáctého|patnácté/patnáctého|"
    "šestnácté/šestnáctého|sedmnácté/sedmnáctého|osmnácté/osmnáctého|devatenácté/devatenáctého|dvacáté/dvacátého",
    "last": "poslední|posledná|posl",
    "early": "počátek|počátku|začátek|začátku|poč|zač|na počátku|počátkem|začiatok|na začátku|začátkem|rané",
    "mid": "střed|prostředek|uprostřed|v polovině",
    "late": "konec|konce|kon|sklonek|závěr|koniec|na konci|koncem|sklonku|na sklonku|závěru",
    "later": "později|pozdější",
    "earlier": "dříve",
    "turn": "přelom|na přelomu|přelomu|prelom|kolem přelomu",
    "half": "polovina|poloviny|polovině|polovinou|pol|polovica|polovinu",
    "third": "třetina|třetiny|třetině|tretina",
    "quarter": "čtvrtina|čtvrtiny|čtvrtině|čtvrť|čtvrt|čtvrtletí|štvrtina|štvrť",
    "tenth": "desetiletí|dekáda",
    "calendar years": "léta|let|létech|letech|roky|rokov|l",
    "century": "století|stol|stor|storočie|storočia|stoleti",
    "millennium": "tisíciletí|tis|tisícročie",
    "bc": "př n l|př kr|před kristem|před naším letopočtem|pr n l|př n letopočtem|pr kr|pred kr",
    "ad": "n l|po kr|po kristu|našeho letopočtu",
    "work": "malováno|namalováno|započato|dokončeno|datováno|signováno|provedeno|přemalováno|návrh|navrženo",
    "event": "vystaveno|odlito|odlitek|odlití|tisk|vytištěno|vydáno|publikováno|vydání|odlita",
    "later event": "restaurováno|získáno|replika|kopie|reprint|dotisk|přetisk|novotisk|pozdější odlitek|nový tisk|"
    "pozdější tisk|zakoupeno",
    "period": "období|dynastie|doba|epocha|vláda|dynastia",
    "nothing": "nedatováno|b d|nedatované|neznámé|bez data|neznámo",
    "months": "leden|ledna|únor|února|březen|března|duben|dubna|květen|května|červen|června|červenec|července|srpen|"
    "srpna|září|říjen|října|listopadu|prosinec|prosince|léto|podzim|zima|jaro",
    "tens": "dvacátá léta:20|třicátá léta:30|čtyřicátá léta:40|padesátá léta:50|šedesátá léta:60|sedmdesátá léta:70|"
    "osmdesátá léta:80|devadesátá léta:90",
}

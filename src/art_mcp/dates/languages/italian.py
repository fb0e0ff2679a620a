"""Italian words of dates."""

WORDS = {
    "about": "verso|verso il|intorno al|circa il|all incirca|attorno al|ca il|intorno agli anni",
    "before": "prima del|prima dell|prima di|anteriore al|entro il|entro|o prima|non oltre il|ante|avanti il",
    "after": "dopo|dopo il|posteriore al|o dopo|dal|a partire dal|non prima del|in seguito|oltre il|più tardi",
    "not": "non",
    "from": "da|dagli|dalla",
    "until": "fino al|fino a|sino al",
    "to": "al|agli|all",
    "or": "ed|oppure",
    "of": "del|dello|della|degli|dell|il|lo|gli|nel|di|nell|anno|negli",
    "doubt": "probabilmente|forse|tra|tra il|fra il",
    "ordinals": "primo/prima|secondo/seconda|terzo/terza|quarto/quarta|quinto|sesto|settimo|ottavo|nono|decimo|"
    "undicesimo|dodicesimo|tredicesimo|quattordicesimo|quindicesimo|sedicesimo|diciassettesimo|diciottesimo|"
    "diciannovesimo|ventesimo",
    "last": "ultimo|ultima|ultimi",
    "early": "inizio|inizi|principio|inizio del|primi|primi anni del|primi del|primi decenni del",
    "late": "fine|fine del|fine dell|tardo|scorcio",
    "turn": "volgere|cavallo|a cavallo tra|a cavallo tra il",
    "third": "terzo",
    "quarter": "quarto",
    "half": "metà",
    "tenth": "decennio",
    "years": "anni|decenni|gli anni|negli anni",
    "century": "secolo|secoli|sec|secc|secolo d|seculo",
    "millennium": "millennio|mill",
    "bc": "a c|ac|avanti cristo|a e v|prima di cristo|prima dell era volgare",
    "ad": "d c|dc|dopo cristo|e v|dopo di cristo",
    "work": "dipinto|iniziato|completato|terminato|datato|datata|eseguito|eseguita|ritoccato|firmato|firmata|"
    "realizzato|progettato|disegnato|progetto",
    "event": "esposto|esposta|pubblicato|pubblicata|stampato|stampata|inciso|fuso|fusa|fusione|edizione|tiratura|"
    "tirato|tirata",
    "later event": "restaurato|restaurata|ristampa|ristampato|riedizione|acquisito|replica|copia|con|acquistato|"
    "ricostruito",
    "model": "nello stile del|da un originale del|copia da un originale del",
    "period": "epoca|periodo|dinastia|regno|età|impero|era",
    "nothing": "s d|senza data|non datato|non datata|data sconosciuta",
    "months": "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|estate|"
    "autunno|inverno",
    "centuries": "trecento:13|quattrocento:14|cinquecento:15|seicento:16|settecento:17|ottocento:18|novecento:19",
    "tens": "anni venti:20|anni trenta:30|anni quaranta:40|anni cinquanta:50|anni sessanta:60|anni settanta:70|"
    "anni ottanta:80|anni novanta:90",
}

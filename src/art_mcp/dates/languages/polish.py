"""Polish words of dates."""

WORDS = {
    "about": "około|ok|koło|circa ok|mniej więcej|około roku|ok r|w okolicach",
    "before": "przed|najpóźniej|nie później niż|lub wcześniej|przed rokiem|najpóźniej w",
    "after": "po|najwcześniej|nie wcześniej niż|lub później|po roku|najwcześniej w|od około",
    "not": "nie",
    "from": "od|od roku|z lat",
    "until": "do|aż do|do roku",
    "or": "lub|albo|oraz|bądź",
    "or between": "i",
    "of": "r|rok|roku|w roku|z roku|z|rr",
    "doubt": "prawdopodobnie|być może|zapewne|między|pomiędzy|przypuszczalnie|możliwe",
    "ordinals": "pierwsza/pierwszej/pierwsze/pierwszą/pierwszy|druga/drugiej/drugą/drugi/drugie|"
    "trzecia/trzeciej/trzecią/trzeci|czwarta/czwartej/czwartą/czwarty|piąty|szósty|siódmy|ósmy|dziewiąty|dziesiąty|"
    "jedenasty|dwunasty|trzynasty|czternasty/czternastego|piętnasty/piętnastego|szesnasty/szesnastego|"
    "siedemnasty/siedemnastego|osiemnasty/osiemnastego|dziewiętnasty/dziewiętnastego|dwudziesty/dwudziestego",
    "last": "ostatnia|ostatniej|ostatnie|ostatnią|ostatni|ost",
    "ordinal ending": "sza|ga|cia|szy|gi|wsza",
    "decade ending": "tych|te",
    "early": "początek|początku|początkiem|pocz|na początku|początki|wczesny|z początku|poczatk",
    "mid": "środek|w połowie|środkowa|poł wieku|w środku",
    "late": "koniec|końca|końcem|kon|schyłek|schyłku|końcu|pod koniec|na koniec|późny|z końca|u schyłku",
    "later": "później|późniejszy",
    "earlier": "wcześniej|wcześniejszy",
    "turn": "przełom|na przełomie|przełomu|z przełomu",
    "half": "połowa|połowy|połowie|połowę|poł|połową",
    "third": "tercja|trzecia część|tercji",
    "quarter": "ćwierć|ćwierci|ćw|ćwierćwiecze|ćwiercią",
    "tenth": "dekada|dziesięciolecie|dekady",
    "calendar years": "lata|latach|lat|l|lata xx",
    "century": "wiek|wieku|wieki|wieków|w|ww",
    "millennium": "tysiąclecie|tysiąclecia|tys|tysiącleciu",
    "bc": "p n e|przed naszą erą|przed chr|przed chrystusem|pne|przed n e",
    "ad": "n e|naszej ery|po chr|po chrystusie|po chrystusowi",
    "work": "malowany|namalowany|rozpoczęty|ukończony|datowany|wykonany|sygnowany|przemalowany|namalowane|datowane|"
    "projekt|zaprojektowany|proj",
    "event": "wystawiony|odlew|wydrukowany|odlany|odlano|wydany|opublikowany|odbitka|wydanie|drukowany|wyd",
    "later event": "restaurowany|replika|kopia|nabyty|przedruk|reprint|odbitka późniejsza|konserwowany|zakupiony|"
    "rekonstrukcja|późniejsza odbitka",
    "model": "w stylu z|według oryginału z|wg oryginału z",
    "period": "okres|dynastia|epoka|panowanie|okresu|czasy",
    "nothing": "b d|bez daty|niedatowany|niedatowane|nieznana|data nieznana",
    "months": "styczeń|stycznia|luty|lutego|marzec|marca|kwiecień|kwietnia|maja|czerwiec|czerwca|lipiec|lipca|"
    "sierpień|sierpnia|wrzesień|września|październik|października|listopad|listopada|grudzień|grudnia|lato|jesień|"
    "zima|wiosna",
    "tens": "lata dwudzieste:20|lata trzydzieste:30|lata czterdzieste:40|lata pięćdziesiąte:50|"
    "lata sześćdziesiąte:60|lata siedemdziesiąte:70|lata osiemdziesiąte:80|lata dziewięćdziesiąte:90",
}

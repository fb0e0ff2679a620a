"""French words of dates."""

WORDS = {
    "about": "vers|environ|env|aux environs de|autour de|alentours de|aux alentours de|vers l année|v",
    "before": "avant|au plus tard|au plus tard en|antérieur à|ou avant|avant l année",
    "after": "après|au plus tôt|au plus tôt en|postérieur à|ap|ou après|à partir de|depuis|après l année|dès le|dès l",
    "not": "pas",
    "until": "jusqu en|jusqu à|jusque|jusqu",
    "to between": "a|au|aux",
    "or": "ou|et",
    "of": "de|du|de l|de la|le|la|les|en|d|au cours du|en l an|en l année",
    "doubt": "probablement|peut - être|entre|sans doute|vraisemblablement",
    "ordinals": "premier/première|deuxième/seconde/second|troisième|quatrième|cinquième|sixième|septième|huitième|"
    "neuvième|dixième|onzième|douzième|treizième|quatorzième|quinzième|seizième|dix - septième|dix - huitième|"
    "dix - neuvième|vingtième",
    "last": "dernier|dernière|dern",
    "ordinal ending": "e|er|ère|re|ème|ième|me|nde|nd|d",
    "early": "début|premières décennies|début du|commencement|déb|débuts",
    "mid": "milieu|mi|courant",
    "late": "fin|fin du",
    "later": "plus tard",
    "earlier": "plus tôt",
    "turn": "tournant|tournant du|charnière",
    "half": "moitié|moit",
    "third": "tiers",
    "quarter": "quart",
    "tenth": "décennie",
    "years": "années|décennies|décennie",
    "century": "siècle|siècles|sièc",
    "millennium": "millénaire|mill|millénaires",
    "bc": "av j - c|avant j - c|av j c|avant j c|avant jésus - christ|avant notre ère|av n è|avant l ère chrétienne|"
    "av jc|avjc",
    "ad": "ap j - c|après j - c|ap j c|après j c|après jésus - christ|de notre ère|ap jc|après jc",
    "hijri": "de l hégire|hégire",
    "work": "peint|commencé|achevé|terminé|daté|datée|exécuté|retouché|repris|signé|réalisé|conçu|modelé|modèle|"
    "dessiné|créé",
    "event": "exposé|exposée|publié|publiée|imprimé|imprimée|gravé|fonte|fondu|fondue|tirage|édition|coulé|coulée|"
    "épreuve|éditée|édité|présenté",
    "later event": "restauré|restaurée|réédité|réédition|retirage|acquis|réimpression|réplique|copie|reconstitué|"
    "reconstruction|avec|tirage postérieur|fonte posthume|réimprimé|réimprimée|rééditée|donné",
    "model": "dans le style du|d après un original du|d après un modèle du|copie d après",
    "period": "époque|période|dynastie|règne|royaume|ère|empire",
    "nothing": "s d|sans date|non daté|non datée|inconnue|date inconnue",
    "months": "janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|printemps|été|"
    "automne|hiver",
    "tens": "années vingt:20|années trente:30|années quarante:40|années cinquante:50|années soixante:60|"
    "années soixante - dix:70|années quatre - vingt:80|années quatre - vingt - dix:90",
}

"""Swedish, Danish and Norwegian words of dates."""

WORDS = {
    "about": "omkring|cirka|kring|runt|omkr|o|om kring|ungefär|cirka år|rundt|omtrent|henved|omkring år",
    "before": "före|før|innan|senast|fram till|eller tidigare|seinest|senest|inden|eller tidligere|före år|før år|"
    "ikke senere enn|ikke senere end|föra",
    "after": "efter|etter|tidigast|tidligst|från|från och med|fr o m|eller senare|eller senere|siden|sedan|etter år|"
    "efter år",
    "not": "ikke|inte|ej|icke",
    "from": "fra|från år",
    "until": "till|til|t o m|till och med|frem til|indtil|inntil",
    "or": "eller|och|og|samt|resp",
    "of": "av|af|den|det|på|under|år|ved|vid|i den|av det|fra den",
    "doubt": "troligen|sannolikt|förmodligen|möjligen|sannsynligvis|sandsynligvis|muligens|muligvis|trolig|mellan|"
    "mellem|mellom|mellom årene|mellem årene|mellan åren|antagelig|antageligt|kanske|trol|formodentlig",
    "ordinals": "första/förra/første|andra/andre/anden/senare/annen|tredje|fjärde/fjerde|femte|sjätte/sjette|"
    "sjunde/syvende/sjuende|åttonde/ottende|nionde/niende|tionde/tiende|elfte/ellevte|tolfte/tolvte|"
    "trettonde/trettende|fjortonde/fjortende|femtonde/femtende|sextonde/sekstende|sjuttonde/syttende/syttende|"
    "artonde/attende|nittonde/nittende|tjugonde/tyvende/tjuende",
    "last": "sista|siste|sidste",
    "ordinal ending": "a|e|de|te",
    "owner ending": "talets|tallets|ernes|årenes",
    "hundreds ending": "tal|tall|t|talet|talets|tallet|tallets|talen|tals|tallene|tallsårene",
    "decade ending": "erne|ernes|arna|årene|årenes|åra|åren|års",
    "early": "början|första decennier|första decennierna|tidigt|tidig|begynnelsen|begyndelsen|begyndelse|beg|"
    "begynnelse|början av|tidlig|tidligt|tidlige|først i|først på",
    "mid": "mitten|mitt|midten|mellersta|midt|midte|midt i|medio",
    "late": "slutet|slut|slutningen|slutten|slutt|sidst i|sidst på|sist på|sent|sen|sene|sena|slutning",
    "later": "senare|senere",
    "earlier": "tidigare|tidligere",
    "turn": "sekelskiftet|århundreskiftet|århundredskiftet|århundradeskiftet|århundradets skifte",
    "later half": "senare delen|senare del|seneste del|senere del",
    "half": "hälften|hälft|halvdel|halvdelen|halvpart|halvparten",
    "third": "tredjedelen|tredjedel|tredel|tredelen|tredjedelen av",
    "quarter": "fjärdedelen|fjärdedel|fjerdedel|kvartal|kvartalet|fjerdedelen|kvarten|kvart",
    "tenth": "decennium|decenniet|tiår|tiåret|tiår av|årti|årtiet|årtionde|årtiondet",
    "century": "århundradet|århundrade|århundradets|århundredet|århundrede|århundredes|århundre|århundret|årh|seklet|"
    "sekel|seklets|århundreder|århundreders|hundratalet",
    "millennium": "årtusendet|årtusende|årtusen|årtusinde|årtusindet|årtusinden",
    "bc": "f kr|före kristus|f v t|före vår tideräkning|fvt|fkr|før kristus|f kr f|før vor tidsregning|"
    "før vår tidsregning",
    "ad": "e kr|efter kristus|e v t|ekr efter|etter kristus|evt",
    "work": "målad|målat|påbörjad|fullbordad|daterad|daterat|utförd|utf|sign|signerad|malet|påbegyndt|fuldført|"
    "dateret|malt|påbegynt|fullført|datert|udført|utført|signeret|signert|omarbetad|dat|formgiven|ritad|tegnet|"
    "designet|formgivet",
    "event": "utställd|tryckt|trykt|gjuten|utgiven|udgivet|utgitt|udstillet|utstilt|støbt|støpt|avgjutning|"
    "afstøbning|avstøpning|graverad|publicerad|publiceret|publisert|stämplad|med|upplaga|oplag|opplag|trykk|tryck|avtrykk|avtryck|aftryk",
    "later event": "restaurerad|restaureret|restaurert|omtryck|optryk|opptrykk|nytryck|förvärvad|replik|kopia|kopi|"
    "erhvervet|ervervet|genoptrykt|rekonstruerad|omtryckt|inköpt",
    "model": "i stil från|efter förlaga från|efter original från",
    "period": "tid|tiden|perioden|dynastin|dynastiet|epok|epoken|regeringstid|dynasti",
    "nothing": "u å|utan år|odaterad|udateret|udatert|okänd|ukendt|ukjent|uten år|uden år|u d|ikke datert|ikke dateret",
    "months": "juni|juli|maj|januar|marts|oktober|desember|sommaren|sommeren|hösten|vintern|våren|höst|vår",
    "tens": "tjugotalet:20|trettiotalet:30|fyrtiotalet:40|femtiotalet:50|sextiotalet:60|sjuttiotalet:70|"
    "åttiotalet:80|nittiotalet:90|tjugotal:20|trettiotal:30|fyrtiotal:40|tyverne:20|trediverne:30|fyrrerne:40|"
    "halvtredserne:50|tresserne:60|halvfjerdserne:70|firserne:80|halvfemserne:90|tyveårene:20|tjueårene:20|"
    "trettiårene:30|førtiårene:40|femtiårene:50|sekstiårene:60|syttiårene:70|åttiårene:80|nittiårene:90",
    "centuries": "femtonhundratalet:15|sextonhundratalet:16|sjuttonhundratalet:17|artonhundratalet:18|"
    "nittonhundratalet:19|femtonhundratal:15|sextonhundratal:16|sjuttonhundratal:17|artonhundratal:18",
}

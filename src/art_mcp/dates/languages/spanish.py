"""Spanish words of dates."""

WORDS = {
    "about": "hacia|h|alrededor de|en torno a|cerca de|aprox|aproximadamente|hacia el año|sobre|hacia los años",
    "before": "antes de|antes del|anterior a|no después de|o antes|o anterior|a más tardar|antes del año|"
    "anteriormente a|ant a|antes",
    "after": "después de|después del|posterior a|no antes de|o después|o posterior|desde|a partir de|después|"
    "posteriormente a|más tarde",
    "from": "desde el",
    "until": "hasta",
    "to": "al|hasta el",
    "or": "y|u",
    "to between": "a",
    "or between": "o|e",
    "of": "del|de los|el|la|los|en el|en los|año",
    "doubt": "probablemente|posiblemente|quizá|quizás|entre",
    "ordinals": "primer/primera/primero|segunda/segundo|tercer/tercera/tercero|cuarto/cuarta|quinto|sexto|séptimo|"
    "octavo|noveno|décimo|once|doce|trece|catorce|quince|dieciséis|diecisiete|dieciocho|diecinueve|veinte",
    "last": "último|última|últimos",
    "ordinal ending": "a|o|er|era|ero|ra|ro|do|da",
    "early": "principios|primeras décadas|principios del|comienzos|inicios|inicio|a principios|a comienzos|temprano|"
    "princ|princs",
    "mid": "mediados|mediados del|a mediados",
    "late": "finales|finales del|fines|final|a finales|a fines|fin del|fin de|tardío",
    "turn": "cambio de siglo|cambio|tránsito",
    "half": "mitad|mit",
    "third": "tercio",
    "quarter": "cuarto|cuartos",
    "tenth": "década|decenio",
    "years": "años|década de|década del|décadas|los años|la década de",
    "century": "siglo|siglos|sigl|sgl",
    "millennium": "milenio|milenios",
    "bc": "a c|a de c|antes de cristo|a n e|antes de nuestra era|ac|a j c",
    "ad": "d c|d de c|después de cristo|de nuestra era|dc|d j c",
    "hijri": "de la hégira",
    "work": "pintado|pintada|comenzado|terminado|terminada|fechado|fechada|ejecutado|retocado|firmado|firmada|"
    "realizado|iniciado|acabado|firmado y fechado|diseñado|diseño",
    "event": "expuesto|expuesta|publicado|publicada|impreso|impresa|grabado|fundido|fundida|fundición|edición|"
    "estampado|estampada|vaciado|tirada",
    "later event": "restaurado|restaurada|reimpreso|reimpresa|reimpresión|reedición|adquirido|adquirida|réplica|"
    "copia|con|reconstruido|reproducción|reeditado",
    "model": "al estilo del|según un original del|copia de un original del",
    "period": "época|período|periodo|dinastía|reinado|imperio|reino|era",
    "nothing": "s f|sin fecha|sin datar|fecha desconocida|desconocida",
    "months": "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|primavera|"
    "verano|otoño|invierno",
    "tens": "años veinte:20|años treinta:30|años cuarenta:40|años cincuenta:50|años sesenta:60|años setenta:70|"
    "años ochenta:80|años noventa:90",
}

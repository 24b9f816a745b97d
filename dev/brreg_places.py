# SPDX-License-Identifier: LGPL-3.0-or-later
"""Words that the stand-in register's firms are made of: places of the postal code register, and industries."""

# Postal code, town, municipality number and name, kind of code (G street, P post boxes, B both), as of 2026.
PLACES = [tuple(line.split("|")) for line in """\
0101|Oslo|0301|Oslo|P
0150|Oslo|0301|Oslo|G
0166|Oslo|0301|Oslo|G
0185|Oslo|0301|Oslo|G
0250|Oslo|0301|Oslo|G
0487|Oslo|0301|Oslo|G
0581|Oslo|0301|Oslo|G
1337|Sandvika|3201|Bærum|G
1415|Oppegård|3207|Nordre Follo|G
1473|Lørenskog|3222|Lørenskog|G
1605|Fredrikstad|3107|Fredrikstad|G
1830|Askim|3118|Indre Østfold|G
1920|Sørumsand|3205|Lillestrøm|G
2005|Rælingen|3224|Rælingen|G
2317|Hamar|3403|Hamar|G
2406|Elverum|3420|Elverum|G
2450|Rena|3422|Åmot|G
2615|Lillehammer|3405|Lillehammer|G
2680|Vågå|3435|Vågå|G
2819|Gjøvik|3407|Gjøvik|G
3039|Drammen|3301|Drammen|G
3117|Tønsberg|3905|Tønsberg|G
3187|Horten|3901|Horten|G
3263|Larvik|3909|Larvik|G
3560|Hemsedal|3326|Hemsedal|G
3616|Kongsberg|3303|Kongsberg|G
3717|Skien|4003|Skien|G
3931|Porsgrunn|4001|Porsgrunn|G
4016|Stavanger|1103|Stavanger|G
4307|Sandnes|1108|Sandnes|G
4400|Flekkefjord|4207|Flekkefjord|G
4608|Kristiansand S|4204|Kristiansand|G
4631|Kristiansand S|4204|Kristiansand|G
4870|Fevik|4202|Grimstad|G
5003|Bergen|4601|Bergen|G
5006|Bergen|4601|Bergen|G
5039|Bergen|4601|Bergen|G
5058|Bergen|4601|Bergen|G
5096|Bergen|4601|Bergen|G
5750|Odda|4618|Ullensvang|G
5781|Lofthus|4618|Ullensvang|G
6005|Ålesund|1508|Ålesund|G
6415|Molde|1506|Molde|G
6512|Kristiansund N|1505|Kristiansund|G
6800|Førde|4647|Sunnfjord|G
7013|Trondheim|5001|Trondheim|G
7049|Trondheim|5001|Trondheim|G
7080|Heimdal|5001|Trondheim|G
7240|Hitra|5056|Hitra|G
7500|Stjørdal|5035|Stjørdal|G
7900|Rørvik|5060|Nærøysund|G
8002|Bodø|1804|Bodø|P
8006|Bodø|1804|Bodø|G
8300|Svolvær|1865|Vågan|G
8514|Narvik|1806|Narvik|G
8656|Mosjøen|1824|Vefsn|G
9008|Tromsø|5501|Tromsø|G
9405|Harstad|5503|Harstad|G
9509|Alta|5601|Alta|P
9600|Hammerfest|5603|Hammerfest|G
9990|Båtsfjord|5632|Båtsfjord|G""".splitlines()]  # fmt: skip

# Codes of the standard of 2025 with their texts.
INDUSTRIES = [
    ("10.710", "Produksjon av brød og ferske konditorvarer"), ("16.110", "Saging, høvling og impregnering av tre"),
    ("41.000", "Oppføring av bygninger"), ("43.210", "Elektrisk installasjonsarbeid"),
    ("43.220", "VVS-arbeid"), ("46.900", "Uspesifisert engroshandel"), ("49.410", "Godstransport på vei"),
    ("55.100", "Drift av hoteller og lignende overnatting"), ("56.110", "Drift av restauranter og kafeer"),
    ("62.200", "Konsulentvirksomhet og forvaltning og drift av it-systemer"),
    ("68.200", "Utleie av egen eller leid fast eiendom"), ("69.200", "Regnskap, revisjon og skatterådgivning"),
    ("70.200", "Bedriftsrådgivning og annen administrativ rådgivning"),
    ("84.110", "Generell offentlig administrasjon"), ("85.200", "Grunnskoleundervisning"),
    ("93.120", "Idrettslag og -klubber"),
]  # fmt: skip

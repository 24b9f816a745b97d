# SPDX-License-Identifier: LGPL-3.0-or-later
"""The customers of the demo company. All are invented: the organisation numbers have valid check digits
but begin with 3, a series that Enhetsregisteret keeps for synthetic data, and the e-mail addresses lie
below ``.example``, which nobody can own (RFC 2606).

One row: name, type, street, postal code, town, habit of paying, invoices a month, typical amount in
kroner without VAT. Habits are explained in ``ledger.py``.
"""

BUSINESSES = [
    ("Fjellbekk Bakeri AS", "Mølleveien 4", "2615", "Lillehammer", "good", 1.0, 8_500),
    ("Nordlyset Rør og Varme AS", "Grønnegata 51", "9008", "Tromsø", "good", 0.8, 21_000),
    ("Tverrelva Maskin AS", "Industrivegen 12", "7080", "Heimdal", "slow", 0.8, 34_000),
    ("Måkeskrik Sjømat AS", "Bryggen 77", "5003", "Bergen", "good", 1.2, 17_500),
    ("Gråberget Entreprenør AS", "Anleggsveien 9", "3039", "Drammen", "bad", 0.8, 62_000),
    ("Lyngmyr Elektro AS", "Storgata 118", "4307", "Sandnes", "good", 0.8, 14_000),
    ("Solbakken Blomster ANS", "Torggata 6", "2317", "Hamar", "good", 0.6, 3_900),
    ("Kvitsand Transport AS", "Havnevegen 2", "8514", "Narvik", "slow", 1.0, 19_000),
    ("Brattlia Snekkerverksted AS", "Brattlia 31", "3616", "Kongsberg", "partial", 0.7, 12_500),
    ("Havgløtt Reiser AS", "Strandgata 20", "9405", "Harstad", "good", 0.5, 7_200),
    ("Steinrøysa Pukkverk AS", "Pukkverksveien 1", "4870", "Fevik", "good", 0.7, 48_000),
    ("Rimfrost Kjøleteknikk AS", "Kuldegata 14", "0581", "Oslo", "good", 1.1, 26_500),
    ("Tiurleik Friluft AS", "Skogveien 8", "2406", "Elverum", "slow", 0.6, 9_800),
    ("Blåskjell Restaurant AS", "Sjøgata 3", "8006", "Bodø", "bad", 0.9, 11_000),
    ("Vindkast Seilmakeri AS", "Kaiveien 17", "3187", "Horten", "good", 0.4, 15_500),
    ("Eldhug Smie ENK", "Smieveien 5", "6800", "Førde", "partial", 0.4, 5_400),
    ("Granbar Regnskap AS", "Rådhusgata 11", "1830", "Askim", "good", 0.9, 6_300),
    ("Storskarven Oppdrett AS", "Oppdrettsveien 40", "7900", "Rørvik", "good", 1.0, 88_000),
    ("Linerla Barnehage SA", "Linerleveien 2", "1337", "Sandvika", "good", 0.7, 4_700),
    ("Kvernhuset Kafé DA", "Elvegata 1", "7500", "Stjørdal", "slow", 0.6, 5_100),
    ("Ulvedalen Sag AS", "Ulvedalen 88", "2450", "Rena", "good", 0.6, 39_000),
    ("Perlemor Optikk AS", "Kongens gate 22", "4608", "Kristiansand S", "good", 0.5, 10_400),
    ("Skiferheller AS", "Skiferveien 60", "2680", "Vågå", "unallocated", 0.5, 23_000),
    ("Trollfoss Kraftservice AS", "Fossegata 7", "5750", "Odda", "good", 0.8, 41_500),
    ("Fløtmann Logistikk AS", "Terminalveien 33", "1473", "Lørenskog", "slow", 1.2, 28_000),
    ("Morild Design AS", "Damsgårdsveien 90", "5058", "Bergen", "good", 0.7, 13_300),
    ("Halmstrå Gårdsdrift DA", "Halmveien 3", "1920", "Sørumsand", "good", 0.4, 8_900),
    ("Issvullen Sport AS", "Alpinveien 10", "3560", "Hemsedal", "bad", 0.6, 16_000),
    ("Tangrand Verft AS", "Verftsgata 5", "6005", "Ålesund", "good", 0.8, 71_000),
    ("Bergfrua Eiendom AS", "Fruegata 2", "0166", "Oslo", "good", 1.0, 32_000),
    ("Rognebær Syltetøy AS", "Fruktveien 19", "5781", "Lofthus", "good", 0.5, 7_700),
    ("Svarttrosten Lyd og Lys AS", "Konsertgata 4", "7013", "Trondheim", "partial", 0.6, 18_800),
    ("Aurdalen Takst AS", "Taksthagen 6", "3717", "Skien", "good", 0.4, 9_200),
    ("Flintøksa Antikk ENK", "Gamleveien 13", "3263", "Larvik", "slow", 0.3, 3_200),
    ("Ytterskjær Dykk AS", "Ytterskjæret 1", "9509", "Alta", "good", 0.4, 20_500),
    ("Knausen Hotell AS", "Knausen 100", "8300", "Svolvær", "slow", 0.9, 24_000),
]

CONSUMERS = [
    ("Ingelill Tverrfjell", "Bjørkealleen 5", "0487", "Oslo", "good", 0.25, 1_900),
    ("Torgrim Åsbakk", "Furuveien 12", "7049", "Trondheim", "good", 0.2, 2_600),
    ("Solvår Myrdokk", "Lyngveien 3", "4016", "Stavanger", "slow", 0.25, 3_100),
    ("Eirunn Kvernstein", "Steingata 9", "5096", "Bergen", "good", 0.2, 1_200),
    ("Halldis Fonngard", "Fonnveien 1", "6400", "Molde", "good", 0.15, 4_400),
    ("Bjørgulf Skarvang", "Skarvveien 22", "8656", "Mosjøen", "bad", 0.25, 2_300),
    ("Ragndi Solemlid", "Solstien 7", "3117", "Tønsberg", "good", 0.2, 1_750),
    ("Odd-Arvid Haverstø", "Havreveien 15", "2005", "Rælingen", "good", 0.2, 2_050),
    ("Tordis Nysetbakk", "Nysetra 4", "2819", "Gjøvik", "partial", 0.15, 5_900),
    ("Leidulf Brimnesvåg", "Brimveien 8", "6512", "Kristiansund N", "good", 0.2, 1_400),
    ("Aslaug Hestdokken", "Hestehagen 11", "1605", "Fredrikstad", "good", 0.2, 2_900),
    ("Gudfrid Lauvrak", "Lauvveien 6", "4631", "Kristiansand S", "slow", 0.2, 1_600),
    ("Steinkjell Øygardsvik", "Øyveien 2", "9600", "Hammerfest", "good", 0.15, 3_700),
    ("Marilin Trollhaug", "Haugveien 30", "3931", "Porsgrunn", "good", 0.2, 2_200),
]

PUBLIC = [
    ("Fjærvoll kommune", "Rådhusplassen 1", "7240", "Hitra", "good", 0.9, 36_000),
    ("Bølgeland kommune", "Kommunehuset 2", "4400", "Flekkefjord", "good", 0.7, 22_000),
    ("Havrand fylkeskommune", "Fylkesgata 10", "8002", "Bodø", "good", 0.6, 54_000),
    ("Fjærvoll kommunale bad KF", "Badeveien 3", "7240", "Hitra", "slow", 0.4, 12_000),
    ("Direktoratet for skogkart", "Kartgata 8", "0185", "Oslo", "good", 0.5, 47_000),
    ("Ytterstrand folkebibliotek", "Bokgata 4", "9990", "Båtsfjord", "good", 0.3, 6_800),
]

# The same with country, currency and VAT number (textbook examples with valid check digits) after the name.
FOREIGN = [
    ("Granskog Trävaror AB", "SE", "SEK", "SE556000000101", "Sågvägen 4", "671 30", "Arvika", "good", 0.6, 29_000),
    ("Klitmøller Windservice ApS", "DK", "EUR", "DK12345674", "Vestervej 18", "7700", "Thisted", "slow", 0.6, 33_000),
    ("Nordwind Feinmechanik GmbH", "DE", "EUR", "DE123456788", "Hafenstraße 21", "24103", "Kiel", "good", 0.7, 52_000),
    ("Isle of Gannets Ltd", "GB", "EUR", "", "12 Harbour Row", "KW15 1AA", "Kirkwall", "bad", 0.4, 18_000),
]

# Contact persons: customer, name, position, e-mail's local part.
CONTACTS = [
    ("Fjellbekk Bakeri AS", "Sunniva Deigstad", "Daglig leder", "sunniva"),
    ("Fjellbekk Bakeri AS", "Fakturamottak", "Regnskap", "faktura"),
    ("Gråberget Entreprenør AS", "Ragnvald Steinmo", "Økonomisjef", "ragnvald"),
    ("Storskarven Oppdrett AS", "Bergitte Merdø", "Innkjøpssjef", "bergitte"),
    ("Storskarven Oppdrett AS", "Anbjørg Notstad", "Regnskapsfører", "anbjorg"),
    ("Trollfoss Kraftservice AS", "Vidkunn Turbinås", "Prosjektleder", "vidkunn"),
    ("Fjærvoll kommune", "Ellinor Paragrafmo", "Økonomirådgiver", "ellinor"),
    ("Tangrand Verft AS", "Kolbein Dokkhaug", "Verftsleder", "kolbein"),
]


def numbered():
    """The customers who have an organisation number: (``business`` or ``public``, row, number)."""
    numbers = _numbers(31_041_000)
    for kind, rows in (("business", BUSINESSES), ("public", PUBLIC)):
        for row in rows:
            yield kind, row, next(numbers)


def _numbers(prefix):
    """Organisation numbers from eight digits on: the ninth is a check digit, which one in eleven lacks."""
    while True:
        rest = sum(int(digit) * weight for digit, weight in zip(str(prefix), (3, 2, 7, 6, 5, 4, 3, 2))) % 11
        if rest != 1:
            yield f"{prefix}{(11 - rest) % 11}"
        prefix += 1

# SPDX-License-Identifier: LGPL-3.0-or-later
"""The stand-in register's answers: status, body and content type for a path and query of Enhetsregisteret."""

from __future__ import annotations

import datetime
import re
import time
import uuid

from dev.brreg_firms import BASE_URL, is_number
from dev.brreg_register import Register, is_sub

PREFIX = "/enhetsregisteret/api"
KINDS = ("enheter", "underenheter")
MEDIA = {"enheter": "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8",
         "underenheter": "application/vnd.brreg.enhetsregisteret.underenhet.v2+json;charset=UTF-8"}  # fmt: skip
FEED_MEDIA = {kind: media.replace("registeret.", "registeret.oppdatering.").replace("v2", "v1")
              for kind, media in MEDIA.items()}  # fmt: skip
GENERAL = ("", "*/*", "application/*", "application/json", "application/hal+json")
DATE_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LARGEST_ID, FEED_SIZE, SEARCH_DEPTH, PROXY_LIMIT = 2**31 - 1, 10_000, 10_000, 24_000

Answer = tuple[int, dict | bytes, str]


def answer(register: Register, path: str, query: dict[str, str], accept: str, length: int) -> Answer:
    """:param path: below the API's root;  :param length: of the whole address"""
    if length > PROXY_LIMIT:
        return 400, b"<html><body><h1>400 Bad Request</h1></body></html>", "text/html"
    parts = [part for part in path.split("/") if part]
    if not parts:
        return 200, {"_links": {kind: {"href": f"{BASE_URL}/{kind}"} for kind in KINDS}}, "application/json"
    feed = parts[0] == "oppdateringer"
    kind = parts[1] if feed and len(parts) == 2 else parts[0]
    if kind not in KINDS or len(parts) > 2:
        return no_such_path(PREFIX + path)
    media = (FEED_MEDIA if feed else MEDIA)[kind]
    if not _accepts(accept, media):
        return (
            406,
            {"timestamp": _stamp(), "status": 406, "error": "Not Acceptable", "path": PREFIX + path},
            "application/json",
        )
    if feed:
        return _feed(register, kind, query, path, media)
    return (
        _unit(register, kind, parts[1], path, media) if len(parts) == 2 else _search(register, kind, query, path, media)
    )


def _accepts(accept: str, media: str) -> bool:
    """Any version but the one there is, is not acceptable; a general wish gets the latest."""
    wishes = [wish.partition(";")[0].strip().lower() for wish in accept.split(",")]
    return any(wish in GENERAL or wish == media.partition(";")[0] for wish in wishes)


def _unit(register: Register, kind: str, orgnr: str, path: str, media: str) -> Answer:
    if not re.fullmatch(r"\d{9}", orgnr):
        return refused(path, "Organisasjonsnummer må være et nummer med nøyaktig 9 siffer", orgnr, orgnr)
    firm = register.get(orgnr)
    if firm is None or (is_sub(firm) != (kind == "underenheter") and "navn" in firm):
        return 404, b"", media
    if "navn" not in firm:
        link = {"_links": {"self": {"href": f"{BASE_URL}/{kind}/{orgnr}"}}}
        return (410, firm | link, media) if kind == "enheter" else (404, b"", media)
    return 200, firm, media


def _search(register: Register, kind: str, query: dict[str, str], path: str, media: str) -> Answer:
    size, page = _number(query, "size", 20), _number(query, "page", 0)
    if size is None or page is None or (page + 1) * size > SEARCH_DEPTH:
        return refused(
            path, f"Antall treff som kan hentes er begrenset til {SEARCH_DEPTH}", "page, size", query.get("size")
        )
    for orgnr in filter(None, query.get("organisasjonsnummer", "").split(",")):
        if not re.fullmatch(r"\d{9}", orgnr) or not is_number(orgnr):
            return refused(
                path, "Organisasjonsnummer må være et nummer med nøyaktig 9 siffer", "organisasjonsnummer", orgnr
            )
    if len(query.get("navn", "")) > 180:
        return refused(path, "Navn kan ha høyst 180 tegn", "navn", query["navn"])
    found = register.search(kind, query)
    rows = found[page * size : (page + 1) * size]
    return 200, _page(kind, rows, len(found), size, page, path), media


def _feed(register: Register, kind: str, query: dict[str, str], path: str, media: str) -> Answer:
    size, page = _number(query, "size", 20), _number(query, "page", 0)
    if size is None or page is None or not 0 < size <= FEED_SIZE:
        return refused(path, f"Størrelsen må være mellom 1 og {FEED_SIZE}", "size", query.get("size"))
    for key in ("dato", "updatedBefore"):
        if key in query and not DATE_FORMAT.fullmatch(query[key]):
            text = "Dato må være en gyldig dato og på formatet yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"
            return refused(path, text, key, query[key])
    id_ = _number(query, "oppdateringsid", 1)
    if id_ is None or not 1 <= id_ <= LARGEST_ID:
        return refused(path, "Oppdateringsid må være et positivt heltall", "oppdateringsid", query["oppdateringsid"])
    total, rows = register.events(kind, query)
    if query.get("includeChanges") != "true":
        rows = [{key: value for key, value in row.items() if key != "endringer"} for row in rows]
    key = "oppdaterteEnheter" if kind == "enheter" else "oppdaterteUnderenheter"
    return 200, _page(key, rows, total, size, page, path), media


def _page(key: str, rows: list, total: int, size: int, page: int, path: str) -> dict:
    """A page; without rows ``_embedded`` is missing."""
    links = {"self": {"href": f"{BASE_URL}{path}?page={page}&size={size}"}}
    if (page + 1) * size < total:
        links["next"] = {"href": f"{BASE_URL}{path}?page={page + 1}&size={size}"}
    pages = -(-total // size) if size else 0
    answered = {"_links": links, "page": {"size": size, "totalElements": total, "totalPages": pages, "number": page}}
    return {"_embedded": {key: rows}} | answered if rows else answered


def refused(path: str, message: str, parameter: str, value: str | None) -> Answer:
    return 400, {
        "tidsstempel": time.time_ns() // 1_000_000, "status": 400, "feilmelding": "Feilaktig forespørsel",
        "sti": PREFIX + path, "antallFeil": 1,
        "valideringsfeil": [{"feilmelding": message, "parametere": [parameter], "feilaktigVerdi": value}],
    }, "application/json"  # fmt: skip


def no_such_path(path: str) -> Answer:
    return 404, {
        "detail": f"No static resource {path.removeprefix('/')}.", "instance": path, "status": 404,
        "title": "Not Found",
    }, "application/problem+json"  # fmt: skip


def server_error(status: int, path: str) -> Answer:
    text = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}[
        status
    ]
    body = {"timestamp": _stamp(), "status": status, "error": text, "message": text, "path": path,
            "trace": str(uuid.uuid4())}  # fmt: skip
    return status, body, "application/json"


def numbers_in(path: str) -> list[str]:
    """The organisation numbers that an address asks for."""
    return re.findall(r"(?<!\d)\d{9}(?!\d)", path)


def _number(query: dict[str, str], key: str, default: int) -> int | None:
    text = query.get(key, str(default))
    return int(text) if re.fullmatch(r"\d{1,12}", text) else None


def _stamp() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.000+0000}"

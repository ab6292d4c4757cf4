"""The mini-app as it is served: whole, strict, cached for ever, in the language that the browser asks for."""

import base64
import hashlib
import json
import posixpath
import re
import string
from pathlib import Path

import aiohttp
import pytest

import hatch_build
from bot.texts import Texts
from tests.webapp_api.house import ADMIN, House, open_house
from webapp_api.bundles import LANGUAGES, spoken
from webapp_api.errors import STATUS

PAGE = Path(__file__).parents[2] / "webapp_api/miniapp"
OPERATORS = PAGE.with_name("admin_page")
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\./[^"']+)["']""")

# What only programs and administrators are refused for, or what never happens to who uses the page.
OF_PROGRAMS = {
    "refused",
    "malformed",
    "invalid_request",
    "invalid_parameter",
    "invalid_quote",
    "not_listable",
    "not_supported",
    "idempotency_key_needed",
    "invalid_api_key",
    "forbidden",
    "forbidden_origin",
    "missing_scope",
    "address_not_allowed",
    "needs_a_session",
    "address_not_known",
    "key_needs_addresses",
    "own_withdrawal",
    "unknown_account",
    "unknown_channel",
    "already_credited",
    "telegram_taken",
    "already_approved",
    "settlement_off",
    "solvency_unavailable",
    "too_many_subscriptions",
    "too_many_sockets",
}


def catalogue(language: str, page: Path = PAGE) -> dict[str, str]:
    said: dict[str, str] = json.loads((page / f"texts/{language}.json").read_text())
    return said


@pytest.mark.parametrize(("at", "made_of"), [("/", PAGE), ("/admin", OPERATORS)])
async def test_the_page_comes_whole_from_here_and_is_strict(house: House, at: str, made_of: Path) -> None:
    page = await house.nobody.get(at)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"https?://(?!www\.w3\.org)", page.body)
    waiting, seen = re.findall(r'(?:src|href)="([^"]+)"', page.body), set()
    while waiting:
        if (path := waiting.pop()) in seen:
            continue
        seen.add(path)
        part = await house.nobody.get(path)
        assert (part.status, part.headers["X-Content-Type-Options"]) == (200, "nosniff"), path
        if path.endswith(".js"):
            assert part.headers["Content-Type"] == "text/javascript; charset=utf-8"
            waiting += [
                posixpath.normpath(posixpath.join(posixpath.dirname(path), each)) for each in IMPORT.findall(part.body)
            ]
    built = {each.name for each in (made_of / "built").glob("*.js")}
    assert built <= {posixpath.basename(path) for path in seen}


def test_what_is_served_is_made_of_the_sources_as_they_are() -> None:
    assert hatch_build.is_fresh(PAGE.parents[1]), "make setup"


async def test_the_policy_lets_in_our_own_files_and_the_style_of_the_charts_logo(house: House) -> None:
    page = await house.nobody.get("/")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.body
    (logo,) = [
        found
        for each in (PAGE / "built").glob("charts-*.js")
        for found in re.findall(r'innerText="(a#tv-attr-logo[^"]*)"', each.read_text())
    ]
    allowed = base64.b64encode(hashlib.sha256(logo.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{allowed}';" in page.headers["Content-Security-Policy"]


async def test_what_is_loaded_first_is_named_in_the_document(house: House) -> None:
    page = await house.nobody.get("/")
    named = {posixpath.basename(each) for each in re.findall(r'rel="modulepreload" href="([^"]+)"', page.body)}
    main = (PAGE / "built/main.js").read_text()
    assert {posixpath.basename(each) for each in re.findall(r"""from["'](\./[^"']+)["']""", main)} < named
    assert {"main.js", "en.js"} < named
    assert any(each.startswith("charts-") for each in named)


async def test_modules_are_kept_for_ever_and_the_document_is_asked_for_again(house: House) -> None:
    page = await house.nobody.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    (main,) = re.findall(r'<script type="module" src="([^"]+)"', page.body)
    script = await house.nobody.get(main)
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Encoding"] == "gzip"
    async with aiohttp.ClientSession(house.url, auto_decompress=False) as browser:
        packed = await browser.get(main, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["Content-Encoding"] == "br"
        assert await packed.read() == (PAGE / "built/main.js.br").read_bytes()
    assert "Content-Encoding" not in (await house.nobody.get(main, headers={"Accept-Encoding": "identity"})).headers
    for path in ("/", main, "/admin", "/wallet"):
        tag = (await house.nobody.get(path)).headers["ETag"]
        again = await house.nobody.get(path, headers={"If-None-Match": tag})
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag)
        assert (await house.nobody.get(path, headers={"If-None-Match": 'W/"older"'})).status == 200


async def test_nothing_else_of_the_package_is_served(house: House) -> None:
    (base,) = re.findall(r'data-base="([^"]+)"', (await house.nobody.get("/")).body)
    for path in ("__init__.py", "types.d.ts", "texts/en.json", "..%2fapp.py", "index.html", "first.json", "main.js.br"):
        assert (await house.nobody.get(f"{base}/{path}")).problem == (404, "not_found")


async def test_the_page_begins_in_the_language_that_the_browser_asks_for(house: House) -> None:
    page = await house.nobody.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})
    assert '<html lang="de"' in page.body
    assert "/texts/de.js" in page.body
    assert "Accept-Language" in page.headers["Vary"]
    assert [spoken(each) for each in ("", "fr", "pt, de;q=0.5", "EN-gb")] == ["en", "en", "de", "en"]


@pytest.mark.parametrize("page", [PAGE, OPERATORS], ids=lambda page: page.name)
def test_catalogues_say_the_same_things_with_the_same_values(page: Path) -> None:
    english = catalogue("en", page)

    def values(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for language in LANGUAGES:
        other = catalogue(language, page)
        assert list(other) == list(english), language
        for key, text in english.items():
            assert values(other[key]) == values(text), (language, key)
            assert other[key].strip(), (language, key)


@pytest.mark.parametrize("page", [PAGE, OPERATORS], ids=lambda page: page.name)
def test_every_text_is_used_and_every_text_that_is_used_is_there(page: Path) -> None:
    source = "\n".join(each.read_text() for each in page.rglob("*.js") if "built" not in each.parts)
    plain = set(re.findall(r"['`]([a-z_]+(?:\.[a-z_]+)*)['`]", source))
    families = set(re.findall(r"`([a-z_.]+)\.\$\{", source)) | set(re.findall(r"named\('(\w+)'", source))
    families.add("refused")  # of any answer
    for key in catalogue("en", page):
        assert key in plain or any(key.startswith(f"{family}.") for family in families), f"nobody says {key}"


async def test_a_picture_is_drawn_of_an_address_and_of_nothing_else(house: House) -> None:
    drawn = await house.nobody.get("/miniapp/qr.svg?address=8wFXgnT2nKEQ5KvSsPXNVpJLyD4YxqPzYVvcbWJyXgxq")
    assert (drawn.status, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    assert drawn.body.startswith("<svg")
    for wrong in ("", "0" * 40, "<script>", "8wFX" * 20):
        problem = await house.nobody.get("/miniapp/qr.svg", params={"address": wrong})
        assert problem.problem == (400, "invalid_parameter")


async def test_in_development_a_demo_person_gets_play_money(house: House) -> None:
    signed_in = (await house.nobody.post("/api/dev/demo", {})).body
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert signed_in["account"]["first_name"] == "Demo"
    assert (await house.nobody.post("/api/dev/demo-funds", {"asset": "BTC"})).problem == (401, "unauthorized")
    funded = await house.nobody.post("/api/dev/demo-funds", {"asset": "BTC"}, headers=headers)
    assert (funded.status, funded.body["amount"]) == (201, "0.2")
    balances = (await house.nobody.get("/api/portfolio/balances", headers=headers)).body["balances"]
    assert [(each["asset"], each["available"]) for each in balances] == [("BTC", "0.20000000")]
    unknown = await house.nobody.post("/api/dev/demo-funds", {"asset": "DOGE"}, headers=headers)
    assert unknown.problem == (404, "unknown_asset")


async def test_outside_development_there_is_neither(template: Path, tmp_path: Path) -> None:
    async with open_house(template, tmp_path, dev_secret=None) as house:
        for path in ("/api/dev/demo", "/api/dev/demo-funds"):
            assert (await house.nobody.post(path, {"asset": "BTC"})).problem == (404, "not_found")
        assert 'data-demo="no"' in (await house.nobody.get("/")).body


def test_every_refusal_that_the_page_can_meet_has_words_in_both_languages() -> None:
    shared = Texts().all
    for language in LANGUAGES:
        said = catalogue(language) | shared[language]
        assert [code for code in STATUS if f"refused.{code}" not in said and code not in OF_PROGRAMS] == [], language


async def test_the_operators_page_is_the_same_for_everybody_and_keeps_nothing_secret(house: House) -> None:
    boss, nobody = await house.person(ADMIN), await house.nobody.get("/admin")
    assert (await boss.get("/admin")).body == nobody.body
    assert nobody.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in nobody.headers

"""The mini-app as it is served: one version of all its files under a path of its own, and the document that names them.

Modules are cached for ever, since another version has another path. Only the document is asked for again.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from webapp_api.page_files import FOREVER, digest, read, serve
from webapp_api.reply import PAGE, STRICT

Texts = Mapping[str, Mapping[str, str]]  # by language, then by key

# What our modules import by name. The files arrive when the package is installed, by hatch_build.py.
VENDOR: Final = {
    "@preact/signals": "signals.js",
    "@preact/signals-core": "signals-core.js",
    "htm": "htm.js",
    "lightweight-charts": "lightweight-charts.js",
    "preact": "preact.js",
    "preact/hooks": "preact-hooks.js",
}
WALLETS: Final = "clobster/wallets"  # the wallet page's module, which this page uses too
LANGUAGES: Final = ("en", "de")
_SHARED: Final = "refused."  # of the texts that the page has in common with the bot
_IMPORT: Final = re.compile(r"""^(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]""", re.MULTILINE)
_COMMENTS: Final = re.compile(rb"^[ ]*(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/[ ]*)$", re.MULTILINE | re.DOTALL)
_LOGO_STYLE: Final = re.compile(rb'innerText="(a#tv-attr-logo[^"]*)"')  # the chart's one style element


def routes(shared: Texts, *, chain: str, demo: bool) -> list[web.RouteDef]:
    """Return the routes of the page. chain is Solana's by name; demo offers play money and a person to try it with."""
    package = files("webapp_api.miniapp")
    held = dict(read(package))
    document, icon = held.pop("index.html"), held["icon.svg"]
    if not all(f"vendor/{name}" in held for name in VENDOR.values()):
        raise FileNotFoundError("the page's third-party files are missing: install the package again (make setup)")
    for language in LANGUAGES:
        held[f"texts/{language}.js"] = _texts(language, shared)
    base = f"/miniapp/{digest(held)}"
    named = {name: f"{base}/vendor/{file}" for name, file in VENDOR.items()} | {WALLETS: "/wallet/wallets.js"}
    imports = json.dumps({"imports": named})
    policy = _policy(imports, held["vendor/lightweight-charts.js"])
    first = first_load(held)

    def index(language: str) -> Handler:
        preload = [*first, f"texts/{language}.js", "vendor/lightweight-charts.js"]
        page = Template(document.decode()).substitute(
            base=base,
            chain=chain,
            demo="yes" if demo else "no",
            imports=imports,
            language=language,
            preload="\n  ".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in preload),
        )
        return serve("index.html", page.encode(), {**PAGE, "Content-Security-Policy": policy})

    documents = {language: index(language) for language in LANGUAGES}

    async def serve_document(request: web.Request) -> web.StreamResponse:
        answer = await documents[spoken(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))](request)
        answer.headers[hdrs.VARY] = "Accept-Encoding, Accept-Language"
        return answer

    kept = {"X-Content-Type-Options": STRICT["X-Content-Type-Options"], hdrs.CACHE_CONTROL: FOREVER}  # 40 times
    return [
        web.get("/", serve_document),
        web.get("/miniapp/icon.svg", serve("icon.svg", icon, PAGE)),
        *(web.get(f"{base}/{name}", serve(name, spare(name, content), kept)) for name, content in held.items()),
    ]


def spare(name: str, content: bytes) -> bytes:
    """Return a module of ours with lines that are only comments, as types are, empty: so lines keep their numbers."""
    if not name.endswith(".js") or name.startswith("vendor/"):
        return content
    return _COMMENTS.sub(lambda found: b"\n" * found[0].count(b"\n"), content)


def spoken(accepted: str) -> str:
    """Return the first of our languages that `Accept-Language` names; weights are for who names many."""
    for each in accepted.split(","):
        language = each.partition(";")[0].partition("-")[0].strip().lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def first_load(held: Mapping[str, bytes]) -> list[str]:
    """Return the modules that main.js needs before it runs, itself first."""
    found: list[str] = ["main.js"]
    for name in found:  # grows while it is walked
        for wanted in _IMPORT.findall(held[name].decode()):
            path = f"vendor/{VENDOR[wanted]}" if wanted in VENDOR else _beside(name, wanted)
            if path not in found:
                found.append(path)
    return found


def _beside(name: str, wanted: str) -> str:
    parts = name.split("/")[:-1]
    for part in wanted.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _texts(language: str, shared: Texts) -> bytes:
    """Return a language's catalogue as a module: the page's own texts and those that it has in common with the bot."""
    own = json.loads(files("webapp_api.miniapp.texts").joinpath(f"{language}.json").read_text("utf-8"))
    common = {key: text for key, text in shared.get(language, {}).items() if key.startswith(_SHARED)}
    return f"export default {json.dumps({**common, **own}, ensure_ascii=False)};\n".encode()


def _policy(imports: str, charts: bytes) -> str:
    """Return the page's policy, which lets in the import map and the style of the chart's logo by their hashes."""
    logo = _LOGO_STYLE.search(charts)
    style = f" {_hash(logo[1])}" if logo else ""
    policy = PAGE["Content-Security-Policy"]
    policy = policy.replace("script-src 'self'", f"script-src 'self' {_hash(imports.encode())}")
    return policy.replace("style-src 'self'", f"style-src 'self'{style}")


def _hash(content: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"

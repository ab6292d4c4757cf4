"""A page that is bundled: one version of all its files under a path of its own, and the document that names them.

Files are cached for ever, since another version has another path. Only the document is asked for again. What browsers
get is made when the package is installed, by hatch_build.py.
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

LANGUAGES: Final = ("en", "de")
_LOGO_STYLE: Final = re.compile(rb"""innerText=(["`'])(a#tv-attr-logo.*?)\1""")  # the chart's one style element


def routes(package: str, texts: Texts, *, at: str, under: str, **data: str) -> list[web.RouteDef]:
    """Return the routes of a package's page: its document at a path, its files under another.

    texts are all that the page says. data goes into the document, which names it with a $.
    """
    folder = files(package)
    built = folder / "built"
    if not built.is_dir():
        raise FileNotFoundError("the page is not built: install the package again (make setup)")
    held = dict(read(built))
    packed = {name: (built / f"{name}.br").read_bytes() for name in held if not name.endswith(".map")}
    first = json.loads((built / "first.json").read_text("utf-8"))
    document = (folder / "index.html").read_text("utf-8")
    for language in LANGUAGES:
        held[f"texts/{language}.js"] = _module(texts[language])
    base = f"{under}/{digest(held)}"
    policy = _policy(held)

    def index(language: str) -> Handler:
        page = Template(document).substitute(
            data,
            base=base,
            language=language,
            preload="\n  ".join(
                f'<link rel="modulepreload" href="{base}/{name}">' for name in [*first, f"texts/{language}.js"]
            ),
        )
        return serve("index.html", page.encode(), {**PAGE, "Content-Security-Policy": policy})

    documents = {language: index(language) for language in LANGUAGES}

    async def serve_document(request: web.Request) -> web.StreamResponse:
        answer = await documents[spoken(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))](request)
        answer.headers[hdrs.VARY] = "Accept-Encoding, Accept-Language"
        return answer

    kept = {"X-Content-Type-Options": STRICT["X-Content-Type-Options"], hdrs.CACHE_CONTROL: FOREVER}
    return [
        web.get(at, serve_document),
        *(
            web.get(f"{base}/{name}", serve(name, content, kept, brotli=packed.get(name)))
            for name, content in held.items()
        ),
    ]


def catalogue(package: str) -> Texts:
    """Return the texts of a package's page."""
    folder = files(f"{package}.texts")
    return {language: json.loads(folder.joinpath(f"{language}.json").read_text("utf-8")) for language in LANGUAGES}


def spoken(accepted: str) -> str:
    """Return the first of our languages that `Accept-Language` names; weights are for who names many."""
    for each in accepted.split(","):
        language = each.partition(";")[0].partition("-")[0].strip().lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _module(said: Mapping[str, str]) -> bytes:
    return f"export default {json.dumps(said, ensure_ascii=False, separators=(',', ':'))};\n".encode()


def _policy(held: Mapping[str, bytes]) -> str:
    """Return the page's policy, which lets in the style of the chart's logo by its hash, where there is a chart."""
    found = [
        logo[2] for name, content in held.items() if name.endswith(".js") for logo in _LOGO_STYLE.finditer(content)
    ]
    styles = "".join(f" 'sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}'" for each in found)
    return PAGE["Content-Security-Policy"].replace("style-src 'self'", f"style-src 'self'{styles}")

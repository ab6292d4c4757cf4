"""The mini-app and the operators' page as they are served: which files, which texts, where."""

from importlib.resources import files
from typing import Final

from aiohttp import web

from webapp_api import bundles
from webapp_api.bundles import LANGUAGES, Texts
from webapp_api.page_files import serve
from webapp_api.reply import PAGE

MINI_APP: Final = "webapp_api.miniapp"
ADMIN_PAGE: Final = "webapp_api.admin_page"
# Of the texts that each has in common with the bot.
_SHARED: Final = {MINI_APP: ("refused.", "notify."), ADMIN_PAGE: ("refused.", "stop.")}


def routes(shared: Texts, *, chain: str, demo: bool) -> list[web.RouteDef]:
    """Return the routes of both. chain is Solana's by name; demo offers play money and a person to try it with."""
    data = {"chain": chain, "demo": "yes" if demo else "no"}
    icon = (files(MINI_APP) / "icon.svg").read_bytes()
    mini_app, own = bundles.catalogue(MINI_APP), bundles.catalogue(ADMIN_PAGE)
    said = _over(_common(shared, MINI_APP), mini_app)
    operators_said = _over(_common(shared, ADMIN_PAGE), mini_app, own)
    return [
        *bundles.routes(MINI_APP, said, at="/", under="/miniapp", **data),
        web.get("/miniapp/icon.svg", serve("icon.svg", icon, PAGE)),
        *bundles.routes(ADMIN_PAGE, operators_said, at="/admin", under="/admin", **data),
    ]


def _common(shared: Texts, page: str) -> Texts:
    return {
        language: {key: text for key, text in shared.get(language, {}).items() if key.startswith(_SHARED[page])}
        for language in LANGUAGES
    }


def _over(*texts: Texts) -> Texts:
    """Return all of these; where two have the same key, the later one counts."""
    return {language: {key: text for each in texts for key, text in each[language].items()} for language in LANGUAGES}

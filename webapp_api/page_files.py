"""The files of a page as they are served: read once, packed at most once, and never asked for again by who has them."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import ETag, hdrs, web
from aiohttp.typedefs import Handler

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "map": "application/json",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
FOREVER: Final = "public, max-age=31536000, immutable"  # where the path names what is in the file
_WORTH_PACKING: Final = 512  # bytes


def read(folder: Traversable, *, under: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the files of these types in a folder and below it, as (path inside it, content)."""
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from read(entry, under=f"{under}{entry.name}/")
        elif entry.name.rpartition(".")[2] in TYPES:
            yield f"{under}{entry.name}", entry.read_bytes()


def digest(files: Mapping[str, bytes]) -> str:
    """Return a short name for exactly these files."""
    told = hashlib.sha256()
    for name, content in sorted(files.items()):
        told.update(f"{name} {len(content)}\n".encode() + content)
    return told.hexdigest()[:12]


def serve(name: str, content: bytes, headers: Mapping[str, str], *, brotli: bytes | None = None) -> Handler:
    """Return a handler that answers with this file: packed for who takes that, and 304 for who has it.

    brotli is the file packed that way, where somebody has done so; browsers take it. Few take gzip alone, so the first
    who does has it packed.
    """
    tag = hashlib.sha256(content).hexdigest()[:20]

    @cache
    def gzipped() -> bytes | None:
        return gzip.compress(content, mtime=0) if len(content) > _WORTH_PACKING else None

    packers: dict[str, Callable[[], bytes | None]] = {"br": lambda: brotli, "gzip": gzipped}
    said = {hdrs.CONTENT_TYPE: TYPES[name.rpartition(".")[2]], hdrs.VARY: "Accept-Encoding", **headers}

    async def answer(request: web.Request) -> web.Response:
        known = request.if_none_match
        if known and any(each.value in (tag, "*") for each in known):
            response = web.Response(status=304, headers={hdrs.CACHE_CONTROL: said[hdrs.CACHE_CONTROL]})
        else:
            response = web.Response(body=content, headers=said)
            taken = {
                each.partition(";")[0].strip() for each in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(",")
            }
            for encoding, pack in packers.items():
                if encoding in taken and (smaller := pack()) is not None and len(smaller) < len(content):
                    response = web.Response(body=smaller, headers={**said, hdrs.CONTENT_ENCODING: encoding})
                    break
        response.etag = ETag(tag, is_weak=True)  # of what is in it, however it is packed
        return response

    return answer

"""Telegram's Bot API over real HTTP on loopback, and people who write to the bot and tap its buttons."""

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

PATIENCE_S = 10.0
LONGEST_POLL_S = 30.0
Sent = dict[str, Any]


@dataclass
class Limits:
    """How many messages may come: most in any window_s, and one in chat_s in a chat."""

    most: int = 30
    window_s: float = 1.0
    chat_s: float = 1.0


@dataclass
class Call:
    """What the bot asked for, and when (monotonic seconds)."""

    method: str
    args: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


class Telegram:
    """One bot's side of Telegram. Set `faults` and `down` to make it fail; read `calls` and `messages`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.url = ""
        self.me = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "Clobster", "username": "clobster_bot"}
        self.calls: list[Call] = []
        self.messages: dict[int, Sent] = {}  # as they stand now, those of people included
        self.pictures: dict[str, bytes] = {}  # by file_id
        self.commands: dict[str, list[dict[str, str]]] = {}  # by language
        self.webhook = ""
        self.secret = ""
        self.deliveries: list[int] = []  # how the webhook answered
        self.down = False
        self.patience_s = PATIENCE_S
        self.lose_answers = 0  # messages that are taken while the answer is lost
        self.polls = 0
        self.limits: Limits | None = None
        self.exceeded = 0  # messages refused by the limits
        self._lately: deque[float] = deque()  # when messages came
        self._last: dict[int, float] = {}  # when the last one came to each chat
        self._faults: list[tuple[str, int, int]] = []
        self._updates: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._queries: set[str] = set()
        self._wake = asyncio.Event()
        self._heard = asyncio.Event()
        self._delivering: asyncio.Task[None] | None = None

    def fail(self, method: str, status: int, *, retry_after: int = 0, times: int = 1) -> None:
        """Answer the next calls of a method with an error, before anything is done."""
        self._faults += [(method, status, retry_after)] * times

    def push(self, kind: str, body: dict[str, Any], update_id: int | None = None) -> int:
        """Give the bot an update; return its id."""
        number = next(self._numbers) if update_id is None else update_id
        self._updates.append({"update_id": number, kind: body})
        self._wake.set()
        if self.webhook and (self._delivering is None or self._delivering.done()):
            self._delivering = asyncio.create_task(self._deliver())
        return number

    def person(self, telegram_id: int, name: str = "Ada", language: str = "en") -> "Person":
        """Return somebody in their private chat with the bot."""
        user = {"id": telegram_id, "is_bot": False, "first_name": name, "language_code": language}
        return Person(self, user, {"id": telegram_id, "type": "private", "first_name": name})

    def query(self, user: dict[str, Any], message: Sent, data: str) -> dict[str, Any]:
        """Return the update of a button that somebody tapped."""
        name = f"query-{next(self._numbers)}"
        self._queries.add(name)
        return {"id": name, "from": user, "chat_instance": "1", "message": message, "data": data}

    async def until(self, true: Callable[[], Any], what: str) -> Any:
        """Wait until something is so, and return it."""
        async with asyncio.timeout(self.patience_s):
            while not (found := true()):
                self._heard.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), 0.2)
            return found

    def of(self, method: str) -> list[Call]:
        """Return the calls of one method."""
        return [call for call in self.calls if call.method == method]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=502)
        if request.match_info["token"] != self.token:
            return _error(401, "Unauthorized")
        method = request.match_info["method"]
        args: dict[str, Any] = {}
        for name, value in (await request.post()).items():
            args[name] = value if isinstance(value, str) else value.file.read()
        for name in ("reply_markup", "commands", "allowed_updates", "media", "results"):
            if name in args:
                args[name] = json.loads(args[name])
        if method != "getUpdates":
            self.calls.append(Call(method, args))
        answer = self._fault(method) or self._hold_limits(method, args)
        if answer is None:
            known = getattr(self, f"_{method}", None)
            if known is None:
                return _error(404, "Not Found: method not found")
            answer = await known(args)
            if self.lose_answers and method == "sendMessage":
                self.lose_answers -= 1
                assert request.transport is not None
                request.transport.abort()
        self._heard.set()
        return answer

    def _fault(self, method: str) -> web.Response | None:
        for fault in self._faults:
            if fault[0] == method:
                self._faults.remove(fault)
                _, status, retry_after = fault
                if retry_after:
                    return _error(status, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
                return _error(status, "Forbidden: bot was blocked by the user" if status == 403 else "a fault")
        return None

    async def _deliver(self) -> None:
        """Send what waits to the webhook, each until it is taken."""
        async with aiohttp.ClientSession() as session:
            while self.webhook and self._updates:
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
                async with session.post(self.webhook, json=self._updates[0], headers=headers) as answer:
                    self.deliveries.append(answer.status)
                if answer.status == 200:
                    self._updates.pop(0)
                else:
                    await asyncio.sleep(0.1)

    def _hold_limits(self, method: str, args: dict[str, Any]) -> web.Response | None:
        if self.limits is None or "chat_id" not in args:
            return None
        now, chat = time.monotonic(), int(args["chat_id"])
        while self._lately and self._lately[0] <= now - self.limits.window_s:
            self._lately.popleft()
        if len(self._lately) >= self.limits.most or now - self._last.get(chat, 0.0) < self.limits.chat_s:
            self.exceeded += 1
            return _error(429, "Too Many Requests: retry after 1", retry_after=1)
        self._lately.append(now)
        self._last[chat] = now
        return None

    async def _getMe(self, args: dict[str, Any]) -> web.Response:  # noqa: N802  as Telegram calls it, and those below
        return _ok(self.me)

    async def _getUpdates(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        if self.webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        self.polls += 1
        until = time.monotonic() + min(float(args.get("timeout", 0)), LONGEST_POLL_S)
        offset = int(args.get("offset", 0))
        self._updates = [each for each in self._updates if each["update_id"] >= offset]
        while not self._updates and not self.down and time.monotonic() < until:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(0.5, until - time.monotonic()))
        return _ok(self._updates[:100])

    async def _setMyCommands(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        self.commands[args.get("language_code", "")] = args["commands"]
        return _ok(True)

    async def _setWebhook(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        self.webhook, self.secret = args["url"], args.get("secret_token", "")
        if self._updates:
            self._delivering = asyncio.create_task(self._deliver())
        return _ok(True)

    async def _deleteWebhook(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        self.webhook = ""
        self.secret = ""
        self.deliveries: list[int] = []  # how the webhook answered
        return _ok(True)

    async def _sendMessage(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        wrong = _wrong_text(args) or _wrong_buttons(args)
        return _error(400, wrong) if wrong else _ok(self._new(args, text=args["text"]))

    async def _sendPhoto(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        wrong = _wrong_buttons(args)
        if wrong:
            return _error(400, wrong)
        return _ok(self._new(args, caption=args.get("caption", ""), photo=self._photo(args, args["photo"])))

    def _photo(self, args: dict[str, Any], name: str | bytes) -> list[dict[str, Any]]:
        """Keep a picture that was sent; `pictures` has it under its file_id."""
        content = name if isinstance(name, bytes) else args[name.removeprefix("attach://")]
        file_id = f"file-{next(self._numbers)}"
        self.pictures[file_id] = content
        return [{"file_id": file_id, "file_unique_id": file_id, "width": 1200, "height": 675}]

    async def _editMessageMedia(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        message = self.messages.get(int(args["message_id"]))
        if message is None or message["from"] is not self.me or "photo" not in message:
            return _error(400, "Bad Request: message to edit not found")
        message["photo"] = self._photo(args, args["media"]["media"])
        message["caption"] = args["media"].get("caption", "")
        return _ok(_with_buttons(message, args))

    async def _editMessageText(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        message = self.messages.get(int(args["message_id"]))
        if message is None or message["from"] is not self.me or message["chat"]["id"] != int(args["chat_id"]):
            return _error(400, "Bad Request: message to edit not found")
        wrong = _wrong_text(args) or _wrong_buttons(args)
        if wrong:
            return _error(400, wrong)
        if message["text"] == args["text"] and message.get("reply_markup") == args.get("reply_markup"):
            return _error(400, "Bad Request: message is not modified")
        message["text"] = args["text"]
        return _ok(_with_buttons(message, args))

    async def _editMessageReplyMarkup(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        message = self.messages.get(int(args["message_id"]))
        return (
            _error(400, "Bad Request: message to edit not found")
            if message is None
            else _ok(_with_buttons(message, args))
        )

    async def _answerCallbackQuery(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        if args["callback_query_id"] not in self._queries:
            return _error(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(args.get("text", "")) > 200:
            return _error(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.discard(args["callback_query_id"])
        return _ok(True)

    async def _answerInlineQuery(self, args: dict[str, Any]) -> web.Response:  # noqa: N802
        return _ok(True)

    def _new(self, args: dict[str, Any], **content: Any) -> Sent:
        chat = int(args["chat_id"])
        message = {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private" if chat > 0 else "group"},
            "from": self.me,
            **content,
        }
        self.messages[message["message_id"]] = message
        return _with_buttons(message, args)


class Person:
    """Somebody in a chat with the bot: their own, or a group's."""

    def __init__(self, telegram: Telegram, user: dict[str, Any], chat: dict[str, Any]) -> None:
        self.telegram = telegram
        self.user = user
        self.chat = chat
        self._read = 0

    def in_group(self, group: int = -500) -> "Person":
        """Return the same person in a group."""
        return Person(self.telegram, self.user, {"id": group, "type": "group", "title": "Traders"})

    def write(self, text: str, message_id: int | None = None) -> int:
        """Write to the bot; return the message's id. One that is named is the same message once more."""
        number = next(self.telegram._numbers) if message_id is None else message_id
        length = len(text.split()[0]) if text.strip() else 0
        entities = [{"type": "bot_command", "offset": 0, "length": length}] if text.startswith("/") else []
        body = {"message_id": number, "date": int(time.time()), "chat": self.chat, "from": self.user, "text": text}
        self.telegram.push("message", body | {"entities": entities})
        return number

    @property
    def got(self) -> list[Sent]:
        """All messages of the bot in this chat, as they stand now."""
        ours = self.telegram.messages.values()
        return [each for each in ours if each["chat"]["id"] == self.chat["id"] and each["from"] is self.telegram.me]

    async def ask(self, text: str) -> Sent:
        """Write, and return the next new message of the bot."""
        before = len(self.got)
        self.write(text)
        return dict(
            (await self.telegram.until(lambda: self.got[before:], f"an answer to {text!r}"))[0],
        )

    async def tap(self, message: Sent, label: str) -> str:
        """Tap a button by its label; return what the bot said to the tap."""
        (data,) = (each["callback_data"] for each in buttons(message) if each["text"] == label)
        return await self.send_query(message, data)

    async def send_query(self, message: Sent, data: str) -> str:
        """Send what a tapped button would send, whether there is such a button or not."""
        query = self.telegram.query(self.user, message, data)
        self.telegram.push("callback_query", query)

        def answered() -> list[Call]:
            calls = self.telegram.of("answerCallbackQuery")
            return [call for call in calls if call.args["callback_query_id"] == query["id"]]

        return str((await self.telegram.until(answered, f"an answer to {data}"))[0].args.get("text", ""))

    def inline_query(self, text: str) -> str:
        """Write the bot's name and this into another chat; return the query's id."""
        name = f"inline-{next(self.telegram._numbers)}"
        self.telegram.push("inline_query", {"id": name, "from": self.user, "query": text, "offset": ""})
        return name

    async def inline(self, text: str) -> list[dict[str, Any]]:
        """Write the bot's name and this into another chat; return what is offered."""
        name = self.inline_query(text)

        def answered() -> list[Call]:
            calls = self.telegram.of("answerInlineQuery")
            return [call for call in calls if call.args["inline_query_id"] == name]

        found = await self.telegram.until(answered, f"what is offered for {text!r}")
        offered: list[dict[str, Any]] = found[0].args["results"]
        return offered

    async def reads(self, message: Sent, part: str) -> Sent:
        """Wait until a message of the bot says this, and return it as it stands then."""
        number = message["message_id"]
        await self.telegram.until(lambda: part in _said(self.telegram.messages[number]), part)
        return dict(self.telegram.messages[number])

    async def hears(self, part: str, after: int = 0) -> Sent:
        """Wait for a message of the bot that says this, and return it; the first `after` messages do not count."""
        found = await self.telegram.until(lambda: [each for each in self.got[after:] if part in _said(each)], part)
        return dict(found[0])


def buttons(message: Sent) -> list[dict[str, Any]]:
    """Return a message's buttons."""
    return [each for row in message.get("reply_markup", {}).get("inline_keyboard", []) for each in row]


@asynccontextmanager
async def telegram(token: str) -> AsyncIterator[Telegram]:
    """Serve a Telegram for one bot on a port of its own."""
    simulator = Telegram(token)
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", simulator.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    simulator.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield simulator
    finally:
        simulator.down = True
        if simulator._delivering is not None:
            simulator._delivering.cancel()
        simulator._wake.set()
        await runner.cleanup()


def _said(message: Sent) -> str:
    return str(message.get("text") or message.get("caption", ""))


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(status: int, description: str, **parameters: int) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=status)


def _wrong_text(args: dict[str, Any]) -> str:
    if not args.get("text", "").strip():
        return "Bad Request: message text is empty"
    return "Bad Request: message is too long" if len(args["text"]) > 4096 else ""


def _wrong_buttons(args: dict[str, Any]) -> str:
    for button in buttons(args):
        if len(button.get("callback_data", "").encode()) > 64:
            return "Bad Request: BUTTON_DATA_INVALID"
        if "web_app" in button and not button["web_app"]["url"].startswith("https://"):
            return "Bad Request: inline keyboard button Web App URL is invalid: Only HTTPS links are allowed"
    return ""


def _with_buttons(message: Sent, args: dict[str, Any]) -> Sent:
    message.pop("reply_markup", None)
    if args.get("reply_markup"):
        message["reply_markup"] = args["reply_markup"]
    return message

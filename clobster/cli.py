"""The command line. Anything wrong that a person can mend ends in one line and exit code 2."""

import argparse
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from clobster import config, data_dir, launch_data
from clobster.config import ConfigError, Settings
from clobster.sources import NotNow


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings, sources = config.load_with_sources(
            data_dir=getattr(options, "data_dir", None),
            host=getattr(options, "host", None),
            port=getattr(options, "port", None),
        )
        options.sources = sources
        command: Callable[[Settings, argparse.Namespace], int] = options.command
        return command(settings, options)
    except ConfigError as error:
        _complain(error)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clobster", description="A spot exchange that lives in Telegram.")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data-dir", type=Path, help="where the exchange keeps its files (default: var)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", parents=[place], help="run the exchange; SIGTERM stops it cleanly")
    run.add_argument("--role", choices=["all"], default="all", help="which parts to run (default: all)")
    run.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    run.add_argument("--port", type=int, help="port to listen on (default: 8080)")
    run.set_defaults(command=_run)

    migrate = commands.add_parser("migrate", parents=[place], help="bring the database's schema up to date")
    migrate.set_defaults(command=_migrate)
    move = commands.add_parser(
        "copy-database", parents=[place], help="copy the books to PostgreSQL and prove that both hold the same"
    )
    move.add_argument("source", help="the SQLite file, of a server that is stopped")
    move.add_argument("target", help="postgresql://USER@HOST/NAME, a database with nothing in it")
    move.set_defaults(command=_copy_database)
    audit = commands.add_parser("audit", parents=[place], help="replay every command and prove the books")
    audit.add_argument("--chain", action="store_true", help="compare the books with Solana instead, account by account")
    audit.set_defaults(command=_audit)
    verify = commands.add_parser("verify-solvency", help="check a proof of solvency; nothing is asked of anybody")
    verify.add_argument("proof", type=Path, help="the answer of GET /api/portfolio/solvency-proof, in a file")
    verify.add_argument("published", type=Path, help="the answer of GET /api/solvency, in a file")
    verify.set_defaults(command=_verify_solvency)
    backup = commands.add_parser(
        "backup", parents=[place], help="copy the books, which may be in use, and audit the copy"
    )
    backup.add_argument("file", type=Path, help="a file that is not there yet")
    backup.set_defaults(command=_backup)
    restore = commands.add_parser("restore", parents=[place], help="make books of a copy, where there are none")
    restore.add_argument("file", type=Path, help="a file that `clobster backup` has made")
    restore.add_argument("--set-aside", action="store_true", help="keep the books that are there under another name")
    restore.set_defaults(command=_restore)
    counts = commands.add_parser(
        "counts", parents=[place], help="print the next order, trade and withdrawal, and how many deposits there are"
    )
    counts.set_defaults(command=_counts)
    show = commands.add_parser("config", parents=[place], help="show the effective settings, secrets hidden")
    show.set_defaults(command=_config)

    clob = commands.add_parser("svm-clob", help="settling by svm_clob").add_subparsers(required=True, metavar="WHAT")
    books = clob.add_parser("open-books", parents=[place], help="make our order books there, where there are none")
    books.set_defaults(command=_open_books)

    dev = commands.add_parser("dev", help="development only").add_subparsers(required=True, metavar="WHAT")
    sign = dev.add_parser("init-data", parents=[place], help="print signed Telegram launch data for a person")
    sign.add_argument("--user-id", type=int, required=True, help="a Telegram user id")
    sign.add_argument("--first-name", default="Dev", help="the person's first name")
    sign.set_defaults(command=_dev_init_data)
    fund = dev.add_parser("fund", parents=[place], help="send play money to a person's deposit address")
    fund.add_argument("--user-id", type=int, required=True, help="a Telegram user id")
    fund.add_argument("--asset", required=True, help="for example USDT")
    fund.add_argument("--amount", required=True, help="for example 1000")
    fund.set_defaults(command=_dev_fund)
    binance = dev.add_parser("binance", help="Binance on this machine, played from the bundled recordings")
    binance.add_argument("--port", type=int, default=9443, help="port to listen on (default: 9443)")
    binance.add_argument("--speed", type=float, default=1.0, help="how many times as fast as recorded (default: 1)")
    binance.add_argument("--symbols", nargs="+", default=["BTCUSDT", "ETHUSDT"], metavar="SYMBOL")
    binance.set_defaults(command=_dev_binance)
    chain = dev.add_parser("localnet", parents=[place], help="run a Solana of your own on loopback, with our mints")
    chain.add_argument("--port", type=int, dest="localnet_port", default=8899, help="port to listen on (default: 8899)")
    chain.add_argument("--slot-ms", type=int, default=400, help="how long a slot takes (default: 400, as Solana's)")
    chain.set_defaults(command=_dev_localnet)
    return parser


def _run(settings: Settings, _: argparse.Namespace) -> int:
    from clobster.lifecycle import run  # the rest of the command line starts without the server's imports

    try:
        return run(settings)
    except NotNow as refused:
        _complain(refused)
        return 1  # as after a commit that failed: whoever supervises starts it again


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from clobster.books import named, opening
    from data.store.migrate import upgrade, url_of

    with opening(settings.database):
        if isinstance(settings.database, Path):
            settings.database.parent.mkdir(parents=True, exist_ok=True)
        upgrade(url_of(settings.database))
    return _say(f"the schema of {named(settings.database)} is up to date")


def _copy_database(settings: Settings, options: argparse.Namespace) -> int:
    from clobster.moving import move

    return 0 if move(settings, options.source, options.target, _say) else 1


def _audit(settings: Settings, options: argparse.Namespace) -> int:
    from clobster.books import opening

    with opening(settings.database):
        if options.chain:
            from clobster.audit_chain import audit_chain

            report = audit_chain(settings)
        else:
            from clobster.audit import audit

            report = audit(settings.database)
    for line in report.lines:
        _say(line)
    return 0 if report.clean else 1


def _verify_solvency(_: Settings, options: argparse.Namespace) -> int:
    from clobster.verify_solvency import check

    for line in check(options.proof, options.published):
        _say(line)
    return 0


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    from clobster.backup import backup
    from clobster.books import opening

    with opening(settings.database):
        return _say(backup(settings.database, options.file))


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    from clobster.backup import grant_again, restore, set_aside
    from clobster.books import opening

    database, aside = settings.database, None
    if options.set_aside:
        with data_dir.locked(settings.data_dir), opening(database):
            aside, said = set_aside(database, options.file)
        _say(said)
    if isinstance(database, str):
        from clobster.moving import move

        is_done = move(settings, str(options.file), database, _say)
        if aside is not None:
            with opening(database):
                for said in grant_again(database, aside):
                    _say(said)
        return 0 if is_done else 1
    with data_dir.locked(settings.data_dir), opening(options.file):
        return _say(restore(options.file, database))


def _counts(settings: Settings, _: argparse.Namespace) -> int:
    from clobster.books import opening
    from data.store.audit import AuditReads

    with opening(settings.database), AuditReads(settings.database) as reads:
        return _say(" ".join(map(str, reads.counts())))


def _config(settings: Settings, options: argparse.Namespace) -> int:
    return _say(config.describe(settings, options.sources))


def _open_books(settings: Settings, _: argparse.Namespace) -> int:
    from clobster import markets, svm_clob

    svm_clob.open_books(settings, markets.load(), _say)
    return 0


def _dev_init_data(settings: Settings, options: argparse.Namespace) -> int:
    _development_only(settings)
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    token = token or data_dir.own_secrets(settings.data_dir).bot_token
    now_s = int(time.time())
    return _say(launch_data.sign(token, user_id=options.user_id, first_name=options.first_name, now_s=now_s))


def _dev_fund(settings: Settings, options: argparse.Namespace) -> int:
    _development_only(settings)
    body = {"telegram_id": options.user_id, "asset": options.asset, "amount": options.amount}
    request = urllib.request.Request(  # noqa: S310  the address is our own server's
        f"{data_dir.running(settings.data_dir).url}/api/dev/fund",
        data=msgspec.json.encode(body),
        headers={
            "Authorization": f"Bearer {data_dir.own_secrets(settings.data_dir).dev_secret}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            response.read()
    except urllib.error.HTTPError as error:
        with error:
            answer = msgspec.json.decode(error.read())
        raise ConfigError(answer["error"]["message"]) from None
    except OSError as error:
        raise ConfigError(f"the server does not answer: {error}") from None
    return _say(f"credited {options.amount} {options.asset} to Telegram user {options.user_id}")


def _dev_binance(settings: Settings, options: argparse.Namespace) -> int:
    import asyncio

    from clobster.dev_binance import serve

    _development_only(settings)
    if not options.speed > 0:
        raise ConfigError("--speed must be above 0")
    asyncio.run(serve(options.symbols, port=options.port, speed=options.speed, say=_say))
    return 0


def _dev_localnet(settings: Settings, options: argparse.Namespace) -> int:
    from clobster.localnet import run

    _development_only(settings)
    if options.slot_ms < 1:
        raise ConfigError("--slot-ms is a whole number of milliseconds, 1 or more.")
    return run(settings, options.localnet_port, options.slot_ms / 1000)


def _development_only(settings: Settings) -> None:
    if settings.env != "development":
        raise ConfigError(f"dev commands are for development; CLOBSTER_ENV is {settings.env}")


def _complain(error: ConfigError) -> None:
    print(f"clobster: {error}", file=sys.stderr)  # noqa: T201  this is the command line's own voice


def _say(text: str) -> int:
    print(text, flush=True)  # noqa: T201
    return 0

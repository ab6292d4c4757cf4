"""Settings are read once; what is wrong is said in one line that names the setting and never shows a secret."""

import secrets
from base64 import b64encode
from pathlib import Path

import pytest

from clobster.cli import main
from clobster.config import ConfigError, Settings, describe, load, load_with_sources
from clobster.data_dir import own_secrets

SECRET = "f3Gq9Zk2Lw7Rt5Yx8Bn4Vc1Md6Hs0JpQ"
MINTS = "USDT=Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
MASTER_KEY = "BzxxptsQRXqv5BlOg7jtIleMwfYrYJXK/zRpntMIPXI="
TOKEN = "7000000001:AAH8s2dkPq0w9Zx7cVbN3mK5jLhG1fDyUeo"
PRODUCTION = {
    "CLOBSTER_ENV": "production",
    "CLOBSTER_BOT_TOKEN": TOKEN,
    "CLOBSTER_JWT_SECRET": SECRET,
    "CLOBSTER_ENCRYPTION_KEY": "CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYY=",
    "CLOBSTER_FEED": "binance",
    "CLOBSTER_SOLANA": "off",
    "CLOBSTER_PUBLIC_URL": "https://clobster.example",
}


def refused(environ: dict[str, str], **overrides: object) -> str:
    with pytest.raises(ConfigError) as error:
        load(environ, **overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_development_needs_nothing() -> None:
    settings = load({})
    assert (settings.env, settings.port, settings.feed) == ("development", 8080, "auto")
    assert settings.database == Path("var/clobster.db")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("CLOBSTER_PORT=1\nCLOBSTER_HOST=10.0.0.1\nCLOBSTER_FEED=off\n")
    settings = load({"CLOBSTER_CONFIG": str(file), "CLOBSTER_PORT": "2", "CLOBSTER_HOST": "10.0.0.2"}, port=3)
    assert (settings.port, settings.host, settings.feed) == (3, "10.0.0.2", "off")


def test_a_secret_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text(SECRET + "\n")
    settings = load({"CLOBSTER_JWT_SECRET_FILE": str(tmp_path / "jwt")})
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == SECRET


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert gone in refused({"CLOBSTER_CONFIG": gone})
    assert "CLOBSTER_BOT_TOKEN_FILE" in refused({"CLOBSTER_BOT_TOKEN_FILE": gone})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOBSTER_ENV", "prod"),
        ("CLOBSTER_PORT", "65536"),
        ("CLOBSTER_PORT", "http"),
        ("CLOBSTER_FEED", "coinbase"),
        ("CLOBSTER_LOG_FORMAT", "xml"),
        ("CLOBSTER_SETTLEMENT_PROGRAM", "serum"),
        ("CLOBSTER_SVM_CLOB_PROGRAM", "0" * 32),
        ("CLOBSTER_SVM_CLOB_PROGRAM", "z" * 44),
        ("CLOBSTER_SVM_CLOB_MOST", "USDT"),
        ("CLOBSTER_JWT_SECRET", "short"),
        ("CLOBSTER_PUBLIC_URL", "clobster.example"),
        ("CLOBSTER_PUBLIC_URL", "https://clobster.example/app"),
        ("CLOBSTER_PUBLIC_URL", "https://user@clobster.example"),
        ("CLOBSTER_PUBLIC_URL", "https://clobster.example\nURI: x"),
        ("CLOBSTER_BOT_TOKEN", "token"),
        ("CLOBSTER_BOT_TOKEN", "12: token"),
        ("CLOBSTER_TELEGRAM_API_URL", "telegram.example"),
        ("CLOBSTER_TELEGRAM_API_URL", "https://user@telegram.example"),
        ("CLOBSTER_TELEGRAM_API_URL", "https://telegram.example/bot"),
        ("CLOBSTER_TELEGRAM_UPDATES", "webhook"),  # without a token, and a page that is https
        ("CLOBSTER_TELEGRAM_UPDATES", "post"),
        ("CLOBSTER_MINI_APP_URL", "https://evil.example/bot/app"),
        ("CLOBSTER_MINI_APP_URL", "https://t.me/bot"),
        ("CLOBSTER_MINI_APP_URL", "https://t.me/bot/app?startapp=x"),
        ("CLOBSTER_ENCRYPTION_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="),
        ("CLOBSTER_ENCRYPTION_KEY", "a passphrase of more than 32 bytes!"),
        ("CLOBSTER_ENCRYPTION_KEY_PREVIOUS", "QUFB"),
        ("CLOBSTER_JWT_SECRET_PREVIOUS", "short"),
        ("CLOBSTER_JWT_ALGORITHM", "none"),
        ("CLOBSTER_JWT_ALGORITHM", "HS512"),
        ("CLOBSTER_TRUSTED_PROXIES", "my-proxy"),
        ("CLOBSTER_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("CLOBSTER_LIMIT_LOG_IN", "5"),
        ("CLOBSTER_LIMIT_ORDER", "0/5"),
        ("CLOBSTER_LIMIT_ADDRESS_FACTOR", "0"),
        ("CLOBSTER_INIT_DATA_MAX_AGE_S", "0"),
        ("CLOBSTER_DATABASE_URL", "mysql://somewhere"),
        ("CLOBSTER_DATABASE_REPLICA_URL", "postgresql://replica/books"),  # of a SQLite file
        ("CLOBSTER_DATABASE_REPLICA_URL", "sqlite:///books.db"),
        ("CLOBSTER_SOLANA", "devnet"),
        ("CLOBSTER_SOLANA_RPC_URL", "api.devnet.solana.com"),
        ("CLOBSTER_SOLANA_WS_URL", "https://api.devnet.solana.com"),
        ("CLOBSTER_SOLANA_MASTER_KEY", "QUFB"),
        ("CLOBSTER_SOLANA_MINTS", "USDT=0xdAC17F958D2ee523a2206206994597C13D831ec7"),
        ("CLOBSTER_SOLANA_REQUESTS_S", "0"),
        ("CLOBSTER_DEPOSIT_MINIMUMS", "USDT=-1"),
        ("CLOBSTER_SWEEP_MINIMUMS", "USDT"),
        ("CLOBSTER_SOLANA_MASTER_KEY", "twelve words that open a wallet are not it"),
        ("CLOBSTER_MAKER_INVENTORY", "BTC=1:2"),
        ("CLOBSTER_MAKER_LEVELS", "0"),
        ("CLOBSTER_HEDGE_THRESHOLDS", "BTC"),
        ("CLOBSTER_WITHDRAWAL_DELAY_H", "-1"),
        ("CLOBSTER_WITHDRAWAL_CONFIRM_S", "5"),
        ("CLOBSTER_ADMIN_TELEGRAM_IDS", "ada"),
        ("CLOBSTER_SUMMARY_HOUR", "24"),
        ("CLOBSTER_SETTLEMENT_COLLECT_MS", "1.5"),
        ("CLOBSTER_PROT", "8080"),
        ("CLOBSTER_PORT_FILE", "/run/port"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line_that_names_it(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["config", "--data-dir", str(tmp_path / "var")]) == 2  # `run` reads them in the same way
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"clobster: {name}")
    assert said.err.count("\n") == 1
    assert len(said.err.split()) > 4, "it says how to mend it"
    assert "^(" not in said.err, "a pattern tells people nothing"
    assert not (tmp_path / "var").exists(), "nothing was begun"


@pytest.mark.parametrize("name", ["CLOBSTER_JWT_SECRET", "CLOBSTER_JWT_SECRET_PREVIOUS"])
def test_a_secret_must_be_in_its_algorithms_form(name: str) -> None:
    seed = b64encode(b"7" * 32).decode()
    assert load({"CLOBSTER_JWT_ALGORITHM": "EdDSA", name: seed}).jwt_algorithm == "EdDSA"
    said = refused({"CLOBSTER_JWT_ALGORITHM": "EdDSA", name: SECRET})
    assert said == f"{name} must be the base64 of 32 random bytes, an Ed25519 seed"


def test_production_starts_with_all_that_it_needs() -> None:
    assert load(PRODUCTION).env == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOBSTER_BOT_TOKEN", None),
        ("CLOBSTER_JWT_SECRET", None),
        ("CLOBSTER_ENCRYPTION_KEY", None),
        ("CLOBSTER_FEED", "recorded"),
        ("CLOBSTER_FEED", "auto"),
        ("CLOBSTER_PUBLIC_URL", "http://clobster.example"),
        ("CLOBSTER_SOLANA", "localnet"),
        ("CLOBSTER_SOLANA", None),
        ("CLOBSTER_SOLANA_RPC_URL", "http://rpc.example"),
        ("CLOBSTER_SOLANA_WS_URL", "ws://rpc.example"),
        ("CLOBSTER_BINANCE_REST_URL", "http://127.0.0.1:9443"),
        ("CLOBSTER_BINANCE_STREAM_URL", "ws://127.0.0.1:9443"),
        ("CLOBSTER_TELEGRAM_SIGNATURE", "test"),
    ],
)
def test_production_refuses_the_conveniences_of_development(name: str, value: str | None) -> None:
    environ = PRODUCTION | ({name: value} if value else {})
    if value is None:
        del environ[name]
    assert name in refused(environ)


@pytest.mark.parametrize("env", ["staging", "production"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOBSTER_BOT_TOKEN", "1:token"),
        ("CLOBSTER_JWT_SECRET", "s" * 32),
        ("CLOBSTER_JWT_SECRET", "change-me-change-me-change-me-1234567"),
        ("CLOBSTER_JWT_SECRET", "my very Secret phrase, which is long"),
        ("CLOBSTER_JWT_SECRET_PREVIOUS", "abababababababababababababababababab"),
        ("CLOBSTER_ENCRYPTION_KEY", b64encode(b"A" * 32).decode()),
        ("CLOBSTER_SOLANA_MASTER_KEY", b64encode(bytes(32)).decode()),
        ("CLOBSTER_SOLANA_MASTER_KEY", PRODUCTION["CLOBSTER_ENCRYPTION_KEY"]),
    ],
)
def test_a_secret_that_is_none_is_refused_outside_development(env: str, name: str, value: str) -> None:
    assert load({name: value} | {"CLOBSTER_FEED": "off"}).env == "development"
    said = refused(PRODUCTION | {"CLOBSTER_ENV": env, name: value})
    assert said.startswith(name)
    assert value not in said


def test_a_real_secret_is_never_called_weak() -> None:
    for _ in range(200):
        made = {
            "CLOBSTER_JWT_SECRET": secrets.choice((secrets.token_hex, secrets.token_urlsafe))(32),
            "CLOBSTER_ENCRYPTION_KEY": b64encode(secrets.token_bytes(32)).decode(),
        }
        assert load(PRODUCTION | made).env == "production"


def test_the_secrets_that_development_made_do_not_serve_elsewhere(tmp_path: Path) -> None:
    own = own_secrets(tmp_path)
    for name, value in (
        ("CLOBSTER_JWT_SECRET", own.jwt_secret),
        ("CLOBSTER_ENCRYPTION_KEY", own.encryption_key),
        ("CLOBSTER_SOLANA_MASTER_KEY", own.solana_master_key),
    ):
        said = refused(PRODUCTION | {name: value}, data_dir=tmp_path)
        assert said.startswith(f"{name} is the one that development made")


def test_a_misspelt_setting_is_not_passed_over() -> None:
    assert refused({"CLOBSTER_DATA_DIRECTORY": "x"}).endswith("did you mean CLOBSTER_DATA_DIR?")
    assert load({"CLOBSTER_TEST_ROWS": "10", "PORT": "1"}).port == 8080


def test_a_secret_is_in_one_place(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text(SECRET)
    twice = {"CLOBSTER_JWT_SECRET": SECRET, "CLOBSTER_JWT_SECRET_FILE": str(tmp_path / "jwt")}
    assert "both set" in refused(twice)
    assert load(twice | {"CLOBSTER_JWT_SECRET": ""}).jwt_secret is not None
    (tmp_path / "jwt").write_bytes(b"\xff\xfe" * 20)
    assert "no text" in refused({"CLOBSTER_JWT_SECRET_FILE": str(tmp_path / "jwt")})
    assert "no text" in refused({"CLOBSTER_CONFIG": str(tmp_path / "jwt")})


def test_config_shows_what_is_in_force_and_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text(SECRET)
    file = tmp_path / "settings.env"
    file.write_text("CLOBSTER_HOST=10.0.0.1\nCLOBSTER_SOLANA_RPC_URL=https://user:pw@rpc.example/a-key?token=x\n")
    environ = {
        "CLOBSTER_CONFIG": str(file),
        "CLOBSTER_FEED": "off",
        "CLOBSTER_JWT_SECRET_FILE": str(tmp_path / "jwt"),
    }
    shown = describe(*load_with_sources(environ, port=9))
    assert len(shown.splitlines()) == len(Settings.model_fields)
    for line in (
        "CLOBSTER_ENV=development  # default",
        f"CLOBSTER_HOST=10.0.0.1  # {file}",
        "CLOBSTER_FEED=off  # environment",
        "CLOBSTER_PORT=9  # command line",
        f"CLOBSTER_JWT_SECRET=********  # file {tmp_path / 'jwt'}",
        f"CLOBSTER_SOLANA_RPC_URL=https://********@rpc.example/********  # {file}",
    ):
        assert line in shown.splitlines()


@pytest.mark.parametrize("env", ["staging", "production"])
def test_a_cluster_is_a_url(env: str) -> None:
    cluster = {
        "CLOBSTER_SOLANA": "rpc",
        "CLOBSTER_SOLANA_RPC_URL": "https://rpc.example/key",
        "CLOBSTER_SOLANA_MASTER_KEY": MASTER_KEY,
        "CLOBSTER_SOLANA_MINTS": MINTS,
    }
    settings = load(PRODUCTION | {"CLOBSTER_ENV": env} | cluster)
    assert settings.solana_pubsub_url == "wss://rpc.example/key"
    elsewhere = load(PRODUCTION | cluster | {"CLOBSTER_SOLANA_WS_URL": "wss://ws.example"})
    assert elsewhere.solana_pubsub_url == "wss://ws.example"
    assert "CLOBSTER_SOLANA_RPC_URL" in refused({"CLOBSTER_SOLANA": "rpc"})
    for needed in ("CLOBSTER_SOLANA_MASTER_KEY", "CLOBSTER_SOLANA_MINTS"):
        without = {name: value for name, value in cluster.items() if name != needed}
        assert needed in refused(PRODUCTION | {"CLOBSTER_ENV": env} | without)


def test_no_secret_is_ever_shown() -> None:
    settings = load(PRODUCTION | {"CLOBSTER_SOLANA_MASTER_KEY": MASTER_KEY})
    assert SECRET not in describe(settings)
    for secret in (TOKEN, MASTER_KEY):
        assert secret not in describe(settings) + repr(settings)
    assert "short" not in refused({"CLOBSTER_JWT_SECRET": "short-but-secret"}).removeprefix(
        "CLOBSTER_JWT_SECRET is too short"
    )


def test_settings_are_frozen() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings().port = 1


LIVE = {
    "CLOBSTER_HEDGE": "live",
    "CLOBSTER_FEED": "binance",
    "CLOBSTER_BINANCE_API_KEY": "the-key",
    "CLOBSTER_BINANCE_API_SECRET": "the-secret",
}


def test_hedging_live_is_wanted_in_so_many_words_and_its_key_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the-secret\n")
    files = {"CLOBSTER_BINANCE_API_SECRET": "", "CLOBSTER_BINANCE_API_SECRET_FILE": str(tmp_path / "secret")}
    from_a_file = {name: value for name, value in (LIVE | files).items() if value}
    for given in (LIVE, from_a_file):
        settings = load(given)
        assert settings.binance_api_secret is not None
        assert settings.binance_api_secret.get_secret_value() == "the-secret"
        shown = describe(settings)
        assert "CLOBSTER_HEDGE=live" in shown
        assert "the-" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOBSTER_BINANCE_API_KEY", ""),
        ("CLOBSTER_BINANCE_API_SECRET", ""),
        ("CLOBSTER_FEED", "auto"),
        ("CLOBSTER_FEED", "recorded"),
        ("CLOBSTER_FEED", "off"),
    ],
)
def test_hedging_live_needs_a_key_and_prices_that_are_binances(name: str, value: str) -> None:
    message = refused(LIVE | {name: value})
    assert name in message
    assert "CLOBSTER_HEDGE is live" in message
    assert "the-" not in message


def test_settling_by_svm_clob_takes_a_word_on_what_may_be_inside() -> None:
    assert load({}).settlement_program == "spl-token"
    assert "CLOBSTER_SVM_CLOB_MOST must say" in refused({"CLOBSTER_SETTLEMENT_PROGRAM": "svm-clob"})
    chosen = load({"CLOBSTER_SETTLEMENT_PROGRAM": "svm-clob", "CLOBSTER_SVM_CLOB_MOST": "USDT=50000,BTC=1"})
    assert chosen.svm_clob_program == "JBphRWHYzHCiVvYB89vGM9NpaDmHbe1A9W156sRV52Bo"

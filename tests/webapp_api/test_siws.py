"""The text that a wallet is asked to sign."""

from datetime import UTC, datetime

import pytest

from engine.accounts.types import Account
from engine.core.types import Micros, UserId
from tests.support.wallet import Wallet
from tests.webapp_api.house import House
from tests.webapp_api.wallets import CHALLENGE, MINUTES_5
from webapp_api.auth import siws
from webapp_api.auth.siws import Site, account_name, linking, text

NOW = Micros(1_767_225_600_900_000)  # 2026-01-01 00:00:00.9 UTC


def test_the_text_has_every_field_in_the_order_of_the_abnf() -> None:
    site, wallet = Site("https://clobster.test:8443", "mainnet"), Wallet()
    made = text(site, wallet.address, "Sign in to Clobster.", NOW)
    assert made.message == (
        "clobster.test:8443 wants you to sign in with your Solana account:\n"
        f"{wallet.address}\n"
        "\n"
        "Sign in to Clobster.\n"
        "\n"
        "URI: https://clobster.test:8443\n"
        "Version: 1\n"
        "Chain ID: mainnet\n"
        f"Nonce: {made.nonce}\n"
        "Issued At: 2026-01-01T00:00:00Z\n"
        "Expiration Time: 2026-01-01T00:05:00Z"
    )
    assert datetime.fromtimestamp(made.expires_at / 1e6, UTC).isoformat() == "2026-01-01T00:05:00+00:00"


def test_every_nonce_is_another_one_and_is_found_again() -> None:
    made = [text(Site("https://clobster.test", "devnet"), Wallet().address, siws.SIGN_IN, NOW) for _ in range(200)]
    assert len({each.nonce for each in made}) == 200
    assert {len(each.nonce) for each in made} == {siws.NONCE_LENGTH}
    assert all(each.nonce.isascii() and each.nonce.isalnum() for each in made)
    assert [siws.nonce_of(each.message) for each in made] == [each.nonce for each in made]
    for message in ("", "Nonce: ", "Nonce: short", made[0].message.replace("Nonce: ", "nonce: ")):
        assert siws.nonce_of(message) is None


@pytest.mark.parametrize(
    ("username", "called"),
    [
        ("ada_42", "1000 (@ada_42)"),
        (None, "1000"),
        ("", "1000"),
        ("ada\n\nURI: https://evil.test", "1000"),
        ("ada b", "1000"),
        ("\u0430da", "1000"),
        ("a" * 65, "1000"),
    ],
)
def test_an_account_is_called_by_what_nobody_can_choose_to_deceive(username: str | None, called: str) -> None:
    account = Account(UserId(1000), 1, "Clobster\n\nChain ID: mainnet", username, "en", Micros(1))
    assert account_name(account) == called
    assert linking(account) == f"Link this wallet to the Clobster account {called}."


def test_the_links_into_wallets_carry_the_whole_address_of_the_page() -> None:
    site = Site("https://clobster.test", "devnet", "https://t.me/clobster_bot/app")
    url = site.wallet_url("a-code_1")
    assert url == "https://clobster.test/wallet#a-code_1"
    carried = "https%3A%2F%2Fclobster.test%2Fwallet%23a-code_1?ref=https%3A%2F%2Fclobster.test"
    assert site.phantom_url(url) == f"https://phantom.app/ul/browse/{carried}"
    assert site.solflare_url(url) == f"https://solflare.com/ul/v1/browse/{carried}"
    assert site.back_to_telegram == "https://t.me/clobster_bot/app?startapp=wallet"
    assert Site("https://clobster.test", "devnet").back_to_telegram is None


async def test_what_is_answered_is_what_the_text_says(house: House) -> None:
    answer = await house.nobody.post(CHALLENGE, {"address": Wallet().address})
    message, nonce, expires_at = (answer.body[name] for name in ("message", "nonce", "expires_at"))
    assert message.startswith("clobster.test wants you to sign in with your Solana account:\n" + Wallet().address)
    assert "\n\nSign in to Clobster.\n\nURI: https://clobster.test\nVersion: 1\nChain ID: devnet\n" in message
    assert f"\nNonce: {nonce}\n" in message
    assert message.endswith(datetime.fromtimestamp(expires_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert MINUTES_5 - 2 <= expires_at / 1000 - house.clock() / 1e6 <= MINUTES_5


async def test_a_text_to_link_names_the_account_of_who_asks(house: House) -> None:
    ada = await house.person(1)
    answer = await ada.post(CHALLENGE, {"address": Wallet().address})
    assert "\n\nLink this wallet to the Clobster account 1000 (@ada1).\n\n" in answer.body["message"]


async def test_a_token_that_comes_along_must_be_good(house: House) -> None:
    ada = await house.person(1)
    await ada.post("/api/auth/logout")
    assert (await ada.post(CHALLENGE, {"address": Wallet().address})).problem == (401, "unauthorized")


@pytest.mark.parametrize(
    "address",
    [
        "1" * 32,  # small order
        "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM",  # small order
        "So11111111111111111111111111111111111111112",  # a program's, not on the curve or not of the group
        "0" * 40,
        "z" * 44,
        Wallet().address[:-1] + "\u00e9",
        " " + Wallet().address[1:],
    ],
)
async def test_what_is_no_wallets_address_gets_no_text(house: House, address: str) -> None:
    assert (await house.nobody.post(CHALLENGE, {"address": address})).problem == (400, "invalid_address")

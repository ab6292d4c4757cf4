"""What people do with wallets, in words: ask for a text, sign it, bring it back."""

from typing import Any

from tests.support.wallet import Wallet
from tests.webapp_api.house import Answer, House, Person

CHALLENGE = "/api/auth/solana/challenge"
SIGN_IN = "/api/auth/solana"
WALLETS = "/api/account/wallets"
LINKS = "/api/account/wallet-links"
MINUTES_5 = 5 * 60

NOT_PROVED = (401, "invalid_credentials")
EXPIRED = (401, "expired")
MALFORMED = (400, "malformed")
GONE = (401, "unauthorized")


async def text_for(person: Person, wallet: Wallet) -> str:
    """Ask for a text: to sign in where the person is nobody, else to link."""
    answer = await person.post(CHALLENGE, {"address": wallet.address})
    assert answer.status == 200, answer.body
    return str(answer.body["message"])


async def sign_in(house: House, wallet: Wallet) -> Person:
    answer = await house.nobody.post(SIGN_IN, wallet.proof(await text_for(house.nobody, wallet)))
    assert answer.status == 200, answer.body
    return Person(house.session, answer.body)


async def link(person: Person, wallet: Wallet) -> Answer:
    return await person.post(WALLETS, wallet.proof(await text_for(person, wallet)))


async def wallets_of(person: Person) -> list[str]:
    return [each["address"] for each in (await person.get(WALLETS)).body["wallets"]]


async def ask_link(person: Person) -> dict[str, Any]:
    answer = await person.post(LINKS)
    assert answer.status == 201, answer.body
    asked: dict[str, Any] = answer.body
    return asked


async def sign_link(house: House, code: str, wallet: Wallet) -> Answer:
    """Sign with a code, as the page does; nobody is signed in there."""
    asked = await house.nobody.post("/api/wallet-links/challenge", {"code": code, "address": wallet.address})
    if asked.status != 200:
        return asked
    return await house.nobody.post("/api/wallet-links/sign", {"code": code, **wallet.proof(asked.body["message"])})


async def confirm(person: Person, link_id: str) -> Answer:
    return await person.post(f"{LINKS}/{link_id}/confirm")


async def happened(person: Person) -> list[tuple[str, str]]:
    """Return what happened to an account, newest first."""
    told = (await person.get("/api/account/activity")).body["activity"]
    return [(each["kind"], each["detail"]) for each in told]


async def alive(person: Person) -> bool:
    return (await person.get("/api/account")).status == 200

"""Accounts in every encoding, token accounts, and scans that are bounded."""

import asyncio
from typing import Any

import pytest
from solana.rpc.commitment import Processed
from solana.rpc.models import DataSliceOpts, MemcmpOpts, TokenAccountOpts
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from solders.token.state import TokenAccount
from spl.token.constants import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID
from spl.token.instructions import (
    close_account,
    create_idempotent_associated_token_account,
    initialize_mint2,
    mint_to_checked,
)
from spl.token.models import CloseAccountParams, InitializeMint2Params, MintToCheckedParams

from data.solana.localnet import account_methods, base58
from data.solana.localnet.mints import create_mints, mint_address, mint_to
from tests.data.solana.localnet.world import SOL, World, minted, moving


async def test_an_account_that_is_not_there_is_null(world: World) -> None:
    nobody = Keypair().pubkey()
    assert (await world.client.get_account_info(nobody)).value is None
    assert (await world.client.get_balance(nobody)).value == 0
    found = (await world.client.get_multiple_accounts([nobody, world.net.authority.pubkey()])).value
    assert found[0] is None
    assert found[1] is not None


@pytest.mark.parametrize("encoding", ["base64", "base64+zstd"])
async def test_an_account_is_the_same_in_every_encoding(world: World, encoding: str) -> None:
    mint, ada = await world.usdt(), Keypair().pubkey()
    account = await world.give(mint, ada, 7)
    found = (await world.client.get_account_info(account, encoding=encoding)).value
    assert found is not None
    told = TokenAccount.from_bytes(found.data)
    assert (told.mint, told.owner, told.amount) == (mint, ada, 7)
    assert found.owner == TOKEN_PROGRAM_ID


async def test_a_large_account_survives_compression(world: World) -> None:
    large = await world.place(300_000, Pubkey.new_unique())
    for encoding in ("base64", "base64+zstd"):
        found = (await world.client.get_account_info(large, encoding=encoding)).value
        assert found is not None
        assert found.data == bytes(300_000)
    part = await world.client.get_account_info(large, data_slice=DataSliceOpts(offset=9, length=10))
    assert part.value is not None
    assert len(part.value.data) == 10


async def test_base58_is_for_short_data(world: World) -> None:
    mint = await world.usdt()
    found = (await world.client.get_account_info(mint, encoding="base58")).value
    assert found is not None
    account = await world.give(mint, Keypair().pubkey(), 7)
    for encoding in ("base58", None):
        answer = await world.ask("getAccountInfo", str(account), {"encoding": encoding, "commitment": "confirmed"})
        assert answer["error"]["code"] == -32600
        assert "please use Base64 encoding" in answer["error"]["message"]
    short = await world.ask("getAccountInfo", str(mint))
    assert base58.decode(short["result"]["value"]["data"]) == found.data, "who says nothing gets the base58 of old"


async def test_token_accounts_and_mints_are_parsed(world: World) -> None:
    mint, ada = await world.usdt(), Keypair().pubkey()
    account = await world.give(mint, ada, 1_500_000)
    parsed = (await world.client.get_account_info_json_parsed(account)).value.data.parsed
    info = parsed["info"]
    assert (parsed["type"], info["mint"], info["owner"]) == ("account", str(mint), str(ada))
    assert info["tokenAmount"] == {"amount": "1500000", "decimals": 6, "uiAmount": 1.5, "uiAmountString": "1.5"}
    info = (await world.client.get_account_info_json_parsed(mint)).value.data.parsed["info"]
    assert (info["decimals"], info["supply"]) == (6, "1500000")
    raw = (await world.client.get_account_info_json_parsed(world.net.authority.pubkey())).value
    assert raw.data == b"", "what nobody can parse comes as bytes"


async def test_balances_and_supply_of_a_token(world: World) -> None:
    mint = await world.usdt()
    account = await world.give(mint, Keypair().pubkey(), 10**15 + 1)
    balance = (await world.client.get_token_account_balance(account)).value
    assert (balance.amount, balance.ui_amount_string) == ("1000000000000001", "1000000000.000001")
    assert (await world.client.get_token_supply(mint)).value.amount == "1000000000000001"
    for asked, said in ((mint, "not a Token account"), (Pubkey.new_unique(), "could not find account")):
        answer = await world.ask("getTokenAccountBalance", str(asked), {"commitment": "confirmed"})
        assert answer["error"] == {"code": -32602, "message": f"Invalid param: {said}"}
    for asked, said in ((account, "not a Token mint"), (Pubkey.new_unique(), "could not find mint")):
        answer = await world.ask("getTokenSupply", str(asked), {"commitment": "confirmed"})
        assert answer["error"] == {"code": -32602, "message": f"Invalid param: {said}"}


async def test_a_token_account_that_is_not_initialized_is_none_yet(world: World) -> None:
    empty = await world.place(165, TOKEN_PROGRAM_ID)
    answer = await world.ask("getTokenAccountBalance", str(empty), {"commitment": "confirmed"})
    assert answer["error"]["message"] == "Invalid param: not a Token account"


async def test_an_owners_token_accounts(world: World) -> None:
    mint, ada = await world.usdt(), Keypair().pubkey()
    account = await world.give(mint, ada, 5)
    await world.give(mint, Keypair().pubkey(), 6)
    other_mint = (await minted(world, {"BTC": 6}))["BTC"]
    other = await world.give(other_mint, ada, 7)
    by_mint = await world.client.get_token_accounts_by_owner(ada, TokenAccountOpts(mint=mint))
    assert [each.pubkey for each in by_mint.value] == [account]
    by_program = await world.client.get_token_accounts_by_owner_json_parsed(
        ada, TokenAccountOpts(program_id=TOKEN_PROGRAM_ID)
    )
    amounts = {each.pubkey: each.account.data.parsed["info"]["tokenAmount"]["amount"] for each in by_program.value}
    assert amounts == {account: "5", other: "7"}
    unknown = await world.ask("getTokenAccountsByOwner", str(ada), {"programId": str(Pubkey.new_unique())})
    assert unknown["error"]["message"] == "Invalid param: unrecognized Token program id"
    for which in ({}, {"mint": str(mint), "programId": str(TOKEN_PROGRAM_ID)}):
        assert (await world.ask("getTokenAccountsByOwner", str(ada), which))["error"]["code"] == -32602


async def test_a_closed_token_account_is_gone(world: World) -> None:
    mint, ada = await world.usdt(), await world.person()
    account = await world.give(mint, ada.pubkey(), 5)
    theirs = await world.give(mint, Keypair().pubkey(), 6)
    closing = CloseAccountParams(program_id=TOKEN_PROGRAM_ID, account=account, dest=ada.pubkey(), owner=ada.pubkey())
    await world.land(ada, moving(account, mint, theirs, ada.pubkey(), 5), close_account(closing))
    assert (await world.client.get_account_info(account)).value is None
    left = await world.client.get_token_accounts_by_owner(ada.pubkey(), TokenAccountOpts(mint=mint))
    assert left.value == []


async def test_token_2022_is_there_too(world: World) -> None:
    authority, mint = world.net.authority, Keypair()
    kind = InitializeMint2Params(
        decimals=2, program_id=TOKEN_2022_PROGRAM_ID, mint=mint.pubkey(), mint_authority=authority.pubkey()
    )
    await world.place(82, TOKEN_2022_PROGRAM_ID, initialize_mint2(kind), key=mint)
    ada = Keypair().pubkey()
    account = get_associated_token_address(ada, mint.pubkey(), TOKEN_2022_PROGRAM_ID)
    minting = MintToCheckedParams(
        program_id=TOKEN_2022_PROGRAM_ID,
        mint=mint.pubkey(),
        dest=account,
        mint_authority=authority.pubkey(),
        amount=1_234,
        decimals=2,
    )
    await world.land(
        authority,
        create_idempotent_associated_token_account(authority.pubkey(), ada, mint.pubkey(), TOKEN_2022_PROGRAM_ID),
        mint_to_checked(minting),
    )
    assert (await world.client.get_token_account_balance(account)).value.ui_amount_string == "12.34"
    parsed = (await world.client.get_account_info_json_parsed(account)).value.data
    assert parsed.program == "spl-token-2022"
    found = await world.client.get_token_accounts_by_owner(ada, TokenAccountOpts(program_id=TOKEN_2022_PROGRAM_ID))
    assert [each.pubkey for each in found.value] == [account]


async def test_a_programs_accounts_are_filtered(world: World) -> None:
    mint, ada = await world.usdt(), Keypair().pubkey()
    account = await world.give(mint, ada, 5)
    await world.give(mint, Keypair().pubkey(), 6)

    async def scan(*filters: Any) -> set[Pubkey]:
        found = await world.client.get_program_accounts(TOKEN_PROGRAM_ID, Processed, "base64", filters=filters)
        return {each.pubkey for each in found.value}

    assert mint in await scan()
    assert len(await scan(165)) == 2
    assert await scan(165, MemcmpOpts(offset=32, bytes=str(ada))) == {account}
    assert await scan(166) == set()
    five = [{"dataSize": 165}] * 5
    answer = await world.ask("getProgramAccounts", str(TOKEN_PROGRAM_ID), {"filters": five, "encoding": "base64"})
    assert answer["error"]["message"] == "Too many filters provided; max 4"
    wanted = {"withContext": True, "encoding": "base64"}
    with_context = await world.ask("getProgramAccounts", str(TOKEN_PROGRAM_ID), wanted)
    assert with_context["result"].keys() == {"context", "value"}


async def test_a_scan_that_would_answer_too_much_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_methods, "MOST_SCANNED", 2)
    mint = await world.usdt()
    wanted = {"commitment": "processed", "encoding": "base64"}
    await world.give(mint, Keypair().pubkey(), 5)
    assert len((await world.ask("getProgramAccounts", str(TOKEN_PROGRAM_ID), wanted))["result"]) == 2
    await world.give(mint, Keypair().pubkey(), 5)
    answer = await world.ask("getProgramAccounts", str(TOKEN_PROGRAM_ID), wanted)
    assert answer["error"]["code"] == -32012


async def test_rent_is_what_the_runtime_demands(world: World) -> None:
    lamports = (await world.client.get_minimum_balance_for_rent_exemption(0)).value
    ada = await world.person()
    enough, short = Keypair().pubkey(), Keypair().pubkey()
    await world.send(await world.pay(ada, enough, lamports))
    assert "rent" in (await world.refused(await world.pay(ada, short, lamports - 1))).message


async def test_our_mints_are_made_once_and_minted_to_from_any_process(world: World) -> None:
    decimals = {"USDT": 6, "BTC": 8, "ETH": 8, "SOL": 9}
    net, ada = world.net, Keypair().pubkey()
    working = asyncio.create_task(_mint(world, decimals, ada))
    while not working.done():
        await net.advance()
        await asyncio.sleep(0.01)
    mints = working.result()
    assert mints == {code: mint_address(net.authority.pubkey(), code) for code in decimals}
    for code, mint in mints.items():
        supply = (await world.client.get_token_supply(mint)).value
        assert (supply.decimals, supply.amount) == (decimals[code], "3" if code == "BTC" else "0")
    assert (await world.balance(ada)) == 0


async def _mint(world: World, decimals: dict[str, int], to: Pubkey) -> dict[str, Pubkey]:
    await create_mints(world.client, world.net.authority, decimals)
    count = world.net.chain.transactions
    mints = await create_mints(world.client, world.net.authority, decimals)
    assert world.net.chain.transactions == count, "they were there"
    await mint_to(world.client, world.net.authority, "BTC", to, 3, 8)
    return mints


async def test_the_authority_pays_only_with_what_it_has(world: World) -> None:
    answer = await world.ask("requestAirdrop", str(Pubkey.new_unique()), 600_000_000 * SOL)
    assert "airdrop request failed" in answer["error"]["message"]

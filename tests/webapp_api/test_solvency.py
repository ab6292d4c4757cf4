"""What is owed beside what lies on the chain: for everybody to see, and for each to check that they are counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from data.store.deposit_accounts import SqlDepositAccounts
from data.store.solvency import SqlSolvency
from engine.core.types import MARKET_MAKER, AssetCode, Micros, UserId
from engine.custody.accounts import DepositAccount
from engine.ports import ChainUnavailable
from engine.solvency.snapshots import Outside, Solvency
from engine.solvency.types import Holding
from tests.engine.solvency.test_vectors import of_the_document, ours
from tests.webapp_api.house import ADMIN, PATIENCE_S, House, open_house

SNAPSHOTS = "/api/admin/solvency/snapshots"
PROOF = "/api/portfolio/solvency-proof"
HOUR_US = 3_600_000_000
MINTS = {AssetCode("USDT"): "mint of USDT", AssetCode("BTC"): "mint of BTC"}


class Cluster:
    """`engine.solvency.ports.SolvencyChain`, with what a test puts there."""

    def __init__(self) -> None:
        self.vault: dict[str, int] = {}
        self.deposits: dict[str, int] = {}
        self.is_down = False
        self.asked = asyncio.Event()

    async def owned(self, authority: str, mint: str) -> Holding:
        self.asked.set()
        if self.is_down:
            raise ChainUnavailable("nobody answers")
        assert authority == "the authority"
        return Holding(self.vault.get(mint, 0), 3, 70, 70)

    async def held(self, mint: str, token_accounts: Sequence[str]) -> Holding:
        return Holding(sum(self.deposits[each] for each in token_accounts), len(token_accounts), 71, 71)


@pytest.fixture
async def cluster(house: House) -> AsyncIterator[Cluster]:
    cluster = Cluster()
    with house.deps.solvency.open(Outside(cluster, "the authority", MINTS)):
        yield cluster


def of(answer: Any, asset: str) -> dict[str, Any]:
    [found] = [each for each in answer.body["assets"] if each["asset"] == asset]
    return dict(found)


async def test_before_the_first_snapshot_it_is_said(house: House) -> None:
    ada = await house.person(1)
    assert (await house.nobody.get("/api/solvency")).problem == (404, "no_snapshot")
    assert (await ada.get(PROOF)).problem == (404, "no_snapshot")
    assert (await house.nobody.get(PROOF)).problem == (401, "unauthorized")


async def test_all_that_is_owed_is_published_beside_what_lies_on_the_chain(house: House, cluster: Cluster) -> None:
    ada, bob, boss = await house.person(1, USDT=1_000), await house.person(2, USDT=30, BTC=1), await house.person(ADMIN)
    await ada.place(price="40000.00")  # 400 of it is held
    cluster.vault = {"mint of USDT": 5 * 10**6, "mint of BTC": 7}
    taken = await boss.post(SNAPSHOTS)
    assert taken.status == 201
    answer = await house.nobody.get("/api/solvency")
    assert answer.body == taken.body
    assert (answer.body["authority"], answer.body["seq"]) == ("the authority", house.deps.sequencer.seq)
    assert answer.body["explorer"] == "https://explorer.solana.com/address/the authority/tokens?cluster=devnet"
    usdt = of(answer, "USDT")
    assert usdt.pop("root")
    nothing = {"amount": "0.000000", "accounts": 0, "slot": None, "last_slot": None}
    assert usdt == {
        "asset": "USDT",
        "decimals": 6,
        "mint": "mint of USDT",
        "liabilities": "1000001030.000000",
        "liabilities_atoms": "1000001030000000",
        "house_liabilities": "1000000000.000000",
        "withdrawals_under_way": "0.000000",
        "leaves": 3,
        "on_chain": "5.000000",
        "vault": {"amount": "5.000000", "accounts": 3, "slot": 70, "last_slot": 70},
        "deposit_accounts": nothing,
    }
    eth = of(answer, "ETH")
    assert (eth["mint"], eth["leaves"], eth["on_chain"]) == (None, 1, "0.00000000")

    for person, assets in ((ada, ["USDT"]), (bob, ["BTC", "USDT"])):
        proven = (await person.get(PROOF)).body
        assert proven["account_id"] == person.id
        assert [each["asset"] for each in proven["proofs"]] == assets
        for proof in proven["proofs"]:
            published = of(answer, proof["asset"])
            ours(proof, published)
            of_the_document()(proof, published)
    [of_ada] = (await ada.get(PROOF)).body["proofs"]
    assert of_ada["atoms"] == str(1_000 * 10**6)
    assert (await boss.get(PROOF)).body["proofs"] == []  # who has nothing is owed nothing
    for proof, _ in await house.deps.solvency.prove(house.deps.solvency.find(), MARKET_MAKER):
        assert proof.atoms == 10**15


async def test_old_snapshots_are_proven_until_they_are_forgotten_over_a_restart_too(
    template: Path, tmp_path: Path
) -> None:
    async with open_house(template, tmp_path) as house:
        ada, boss = await house.person(1, USDT=1_000), await house.person(ADMIN)
        solvency = house.deps.solvency
        with solvency.open(Outside(Cluster(), "the authority", MINTS)):
            first = (await boss.post(SNAPSHOTS)).body
            of_first = (await ada.get(PROOF)).body
            await house.deposit(UserId(ada.id), AssetCode("USDT"), 5)
            second = (await boss.post(SNAPSHOTS)).body
        assert [each["snapshot_id"] for each in second["kept"]] == [second["snapshot_id"], first["snapshot_id"]]
        asked = {"params": {"snapshot_id": str(first["snapshot_id"])}}
        assert (await ada.get(PROOF, **asked)).body == of_first
        assert (await ada.get(PROOF)).body["proofs"][0]["atoms"] == str(1_005 * 10**6)
        assert (await house.nobody.get("/api/solvency", **asked)).body["assets"] == first["assets"]

        # Another process has nothing but what was kept.
        store = SqlSolvency(house.store, house.deps.queries)
        again = Solvency(store, house.clock, every=Micros(1), most=2)
        await again.load()
        assert again.kept == solvency.kept
        [(leaf, path)] = await again.prove(again.find(first["snapshot_id"]), UserId(ada.id))
        assert [str(leaf.atoms), leaf.salt.hex()] == [of_first["proofs"][0][each] for each in ("atoms", "salt")]
        assert [step.hash.hex() for step in path] == [each["hash"] for each in of_first["proofs"][0]["path"]]

        with solvency.open(Outside(Cluster(), "the authority", MINTS)):
            await boss.post(SNAPSHOTS)
        assert (await ada.get(PROOF, **asked)).problem == (404, "unknown_snapshot")
        assert (await house.nobody.get("/api/solvency", **asked)).problem == (404, "unknown_snapshot")
        assert await store.owing(first["snapshot_id"]) is None
        assert len(await store.kept()) == 2


async def test_no_salt_is_used_twice(house: House, cluster: Cluster) -> None:
    ada, bob = await house.person(1, USDT=1, BTC=1), await house.person(2, USDT=1, BTC=1)
    salts = []
    for _ in range(2):
        await house.deps.solvency.take()
        for person in (ada, bob):
            salts += [each["salt"] for each in (await person.get(PROOF)).body["proofs"]]
    assert len(set(salts)) == len(salts) == 8


async def test_a_deposit_account_counts_as_long_as_what_is_credited_there_is_not_swept(
    house: House, cluster: Cluster
) -> None:
    ada, bob = await house.person(1, USDT=4), await house.person(2)
    accounts = SqlDepositAccounts(house.store, house.deps.queries)
    addresses = ["A" * 43, "B" * 43]
    await accounts.add(
        [
            DepositAccount(address, f"owner {address}", UserId(person.id), AssetCode("USDT"), "mint of USDT", Micros(1))
            for person, address in zip((ada, bob), addresses, strict=True)
        ]
    )
    cluster.deposits = {"A" * 43: 4 * 10**6}  # that of Bob is not asked for
    await house.deps.solvency.take()
    usdt = of(await house.nobody.get("/api/solvency"), "USDT")
    assert usdt["deposit_accounts"] == {"amount": "4.000000", "accounts": 1, "slot": 71, "last_slot": 71}
    assert usdt["on_chain"] == "4.000000"

    listed = "/api/solvency/deposit-accounts"
    first = (await house.nobody.get(listed, params={"asset": "USDT", "limit": "1"})).body
    assert first == {"token_accounts": ["A" * 43], "next_after": "A" * 43}
    last = (await house.nobody.get(listed, params={"asset": "USDT", "after": first["next_after"]})).body
    assert last == {"token_accounts": ["B" * 43], "next_after": None}


async def test_without_the_chain_nothing_is_kept(house: House, cluster: Cluster) -> None:
    boss = await house.person(ADMIN)
    cluster.is_down = True
    assert (await boss.post(SNAPSHOTS)).problem == (503, "solvency_unavailable")
    assert (await house.nobody.get("/api/solvency")).problem == (404, "no_snapshot")
    cluster.is_down = False
    assert (await boss.post(SNAPSHOTS)).status == 201


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/solvency?snapshot_id=one", "invalid_parameter"),
        ("/api/solvency?snapshot_id=-1", "invalid_parameter"),
        ("/api/solvency?snapshot_id=99999999999", "unknown_snapshot"),
        ("/api/solvency/deposit-accounts", "invalid_parameter"),
        ("/api/solvency/deposit-accounts?asset=XYZ", "unknown_asset"),
        ("/api/solvency/deposit-accounts?asset=BTC&limit=0", "invalid_parameter"),
        ("/api/solvency/deposit-accounts?asset=BTC&after='", "invalid_parameter"),
    ],
)
async def test_what_can_t_be_asked_is_refused(house: House, cluster: Cluster, path: str, code: str) -> None:
    await house.deps.solvency.take()
    assert (await house.nobody.get(path)).problem[1] == code


async def test_on_schedule_the_first_is_taken_at_once_and_the_next_when_it_is_due(
    house: House, cluster: Cluster
) -> None:
    solvency = house.deps.solvency
    assert solvency.due_in == 0
    running = asyncio.create_task(solvency.run())
    async with asyncio.timeout(PATIENCE_S):
        await cluster.asked.wait()
        await solvency.take()  # behind the one that is being taken
    assert len(solvency.kept) == 2
    assert HOUR_US - 60_000_000 < solvency.due_in <= HOUR_US
    house.clock.ahead_s = 3_590
    assert solvency.due_in <= 10_000_000
    house.clock.ahead_s = 3_601
    assert solvency.due_in == 0
    running.cancel()
    await asyncio.wait([running])

"""What differs and what only seems to, account by account."""

from collections.abc import Mapping

from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.reconciliation.comparing import of_books, of_deposits, of_vault, vault_on_chain
from engine.reconciliation.types import DepositPlace, Identity, Line, OnChain, TokenBalance, Written
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch, VaultAccount

ADA, BOB, USDT = UserId(1000), UserId(1001), AssetCode("USDT")
OURS, MINT, SLOT = "authority", "mint", 50


def address(user: UserId, asset: AssetCode) -> str:
    return f"{user}:{asset}"


def account(user: UserId, settled: int, at: str = "") -> VaultAccount:
    return VaultAccount(at or address(user, USDT), user, USDT, MINT, Atoms(settled), Micros(0))


def holds(
    atoms: int, owner: str = OURS, mint: str = MINT, *, frozen: bool = False, delegate: bool = False
) -> TokenBalance:
    return TokenBalance(mint, owner, atoms, frozen, delegate)


def batch(state: BatchState, atoms: int, signature: str | None = "sig") -> SettlementBatch:
    """Return a batch by which Ada pays Bob."""
    move = Move(USDT, Atoms(atoms), address(ADA, USDT), address(BOB, USDT))
    return SettlementBatch(1, BatchKind.FILLS, state, (move,), None, signature)


def look(
    accounts: list[VaultAccount],
    found: Mapping[str, TokenBalance | None],
    batches: list[SettlementBatch] | None = None,
    landed: Mapping[str, int | None] | None = None,
) -> list[OnChain]:
    written = Written([], accounts, [], batches or [])
    seen = {where: (SLOT, balance) for where, balance in found.items()}
    return vault_on_chain(written, seen, landed or {}, OURS, address)


def test_a_batch_counts_from_the_slot_on_in_which_it_has_landed() -> None:
    accounts = [account(ADA, 10), account(BOB, 3)]
    for state, landed, expected in (
        (BatchState.BATCHED, None, (10, 3)),
        (BatchState.SENT, None, (10, 3)),
        (BatchState.SENT, SLOT, (6, 7)),
        (BatchState.CONFIRMED, SLOT - 1, (6, 7)),
        (BatchState.CONFIRMED, SLOT + 1, (10, 3)),  # it landed after what was seen
        (BatchState.SETTLED, SLOT, (10, 3)),  # `settled` has it already
        (BatchState.SETTLED, SLOT + 1, (14, -1)),
    ):
        found = look(
            accounts, dict.fromkeys(map(str, ("1000:USDT", "1001:USDT")), holds(0)), [batch(state, 4)], {"sig": landed}
        )
        assert tuple(each.expected for each in found) == expected, (state, landed)


def test_where_a_node_does_not_know_a_settled_batch_nothing_is_concluded() -> None:
    found = look([account(ADA, 10)], {"1000:USDT": holds(0)}, [batch(BatchState.SETTLED, 4)], {"sig": None})
    assert [each.is_certain for each in found] == [False]
    assert of_vault(found) == []
    sent = look([account(ADA, 10)], {"1000:USDT": holds(9)}, [batch(BatchState.SENT, 4)], {"sig": None})
    assert [(each.expected, each.found) for each in of_vault(sent)] == [(10, 9)]


def test_less_than_there_must_be_is_a_difference_and_more_is_not() -> None:
    for atoms, differs in ((9, True), (10, False), (11, False)):
        found = look([account(ADA, 10)], {"1000:USDT": holds(atoms)})
        assert bool(of_vault(found)) is differs
        assert found[0].surplus == max(0, atoms - 10)


def test_an_account_that_is_not_ours_any_more_holds_nothing_of_ours() -> None:
    for other in (holds(10, owner="thief"), holds(10, mint="other"), holds(10, delegate=True)):
        (found,) = of_vault(look([account(ADA, 10)], {"1000:USDT": other}))
        assert (found.expected, found.found, found.note, found.slot) == (10, 0, "not ours", SLOT)
    assert (
        of_vault(look([account(ADA, 0)], {"1000:USDT": holds(0, owner="thief")})) != []
    )  # the next sweep would go there
    assert of_vault(look([account(ADA, 10)], {"1000:USDT": holds(10, frozen=True)})) == []
    assert look([account(ADA, 10)], {"1000:USDT": holds(10, frozen=True)})[0].is_frozen


def test_an_account_that_is_gone_differs_only_where_there_must_be_something() -> None:
    (gone,) = of_vault(look([account(ADA, 10)], {"1000:USDT": None}))
    assert (gone.found, gone.note) == (0, "missing")
    empty = look([account(ADA, 0)], {"1000:USDT": None})
    assert of_vault(empty) == []
    assert not empty[0].is_there


def test_an_account_of_another_key_counts_only_while_money_lies_there() -> None:
    old = holds(5, owner="the key before")
    assert look([account(ADA, 0, "elsewhere")], {"elsewhere": old}) == []
    (found,) = of_vault(look([account(ADA, 5, "elsewhere")], {"elsewhere": old}))
    assert (found.expected, found.found) == (5, 0)


def test_what_was_made_since_the_chain_was_asked_waits_for_the_next_look() -> None:
    assert look([account(ADA, 10)], {}) == []


def test_the_ledger_is_what_lies_in_the_vault_and_what_is_on_its_way() -> None:
    line = Line(ADA, USDT, ledger=100, settled=60, credited=50, swept=20, owed=-15, leaving=25)
    assert of_books([line]) == []
    for ledger in (99, 101):
        (found,) = of_books([Line(ADA, USDT, ledger, 60, 50, 50, 20, -15, 25)])
        assert (found.identity, found.expected, found.found, found.slot) == (Identity.BOOKS, 100, ledger, None)


def test_deposit_accounts_have_at_least_what_is_credited_and_in_no_sweep() -> None:
    place = DepositPlace("there", "ada", ADA, USDT, MINT)
    going = Move(USDT, Atoms(7), "there", address(ADA, USDT), signer=ADA)

    def differs(atoms: int, *batches: SettlementBatch, owner: str = "ada") -> bool:
        lines = [Line(ADA, USDT, credited=90, old_credits=30, swept=10)]  # 60 are new, or play money
        seen = {"there": (SLOT, holds(atoms, owner=owner))}
        return bool(of_deposits(Written(lines, [], [place], list(batches)), seen))

    assert not differs(20)
    assert not differs(1_000)
    assert differs(19)
    assert differs(20, owner="thief")
    sweep = SettlementBatch(1, BatchKind.SWEEP, BatchState.SENT, (going,), None, "sig")
    assert not differs(13, sweep)
    assert differs(12, sweep)


def test_money_credited_to_deposit_accounts_that_nobody_knows_is_missed() -> None:
    lines = [Line(ADA, USDT, credited=5, old_credits=5)]
    (found,) = of_deposits(Written(lines, [], [], []), {})
    assert (found.identity, found.expected, found.found) == (Identity.DEPOSITS, 5, 0)

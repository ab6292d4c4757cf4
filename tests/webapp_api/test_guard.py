"""The guard remembers good tokens, and forgets them the moment they are no longer good."""

import pytest

from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.core.types import UserId
from tests.webapp_api.house import House, Person
from webapp_api.auth.tokens import LIFE_S, Guard
from webapp_api.refusals import Unauthorized


def token_of(person: Person) -> str:
    assert person.token is not None
    return person.token


async def test_a_token_is_known_once_it_was_admitted(house: House) -> None:
    ada, guard = await house.person(1), house.deps.guard
    assert guard.known(token_of(ada)) is None
    claims = await guard.admit(token_of(ada))
    assert claims.user == ada.id
    assert guard.known(token_of(ada)) == claims


async def test_a_known_token_expires(house: House) -> None:
    ada, guard = await house.person(1), house.deps.guard
    await guard.admit(token_of(ada))
    house.clock.ahead_s += LIFE_S + 1
    assert guard.known(token_of(ada)) is None
    with pytest.raises(Unauthorized):
        await guard.admit(token_of(ada))


async def test_a_known_token_is_forgotten_with_its_session(house: House) -> None:
    ada, bob, guard = await house.person(1), await house.person(2), house.deps.guard
    for person in (ada, bob):
        await guard.admit(token_of(person))
    await ada.post("/api/auth/logout")
    assert guard.known(token_of(ada)) is None
    assert guard.known(token_of(bob)) is not None
    with pytest.raises(Unauthorized):
        await guard.admit(token_of(ada))


async def test_a_good_token_of_nobodys_session_is_refused(house: House) -> None:
    ada = await house.person(1)
    claims = await house.deps.guard.admit(token_of(ada))
    for forged in (
        house.deps.tokens.issue(UserId(1_000_000), claims.session),
        house.deps.tokens.issue(claims.user, "no session"),
    ):
        with pytest.raises(Unauthorized):
            await house.deps.guard.admit(forged)


async def test_it_remembers_only_so_many(house: House) -> None:
    deps = house.deps
    guard = Guard(deps.tokens, deps.accounts, deps.clock, max_known=2)
    tokens = [token_of(await house.person(n)) for n in (1, 2, 3)]
    for token in tokens:
        await guard.admit(token)
    assert [guard.known(token) is not None for token in tokens] == [False, True, True]
    assert (await guard.admit(tokens[0])).user == 1000


async def test_a_session_that_ends_while_it_is_looked_up_does_not_get_in(house: House) -> None:
    ada, deps = await house.person(1), house.deps

    class EndsMeanwhile(Accounts):
        async def is_alive(self, user: UserId, session_id: str) -> bool:
            alive = await super().is_alive(user, session_id)
            await self.sign_out(user, session_id)
            return alive

    accounts = EndsMeanwhile(deps.accounts._store, ActivityFeed(), deps.clock)
    guard = Guard(deps.tokens, accounts, deps.clock)
    with pytest.raises(Unauthorized):
        await guard.admit(token_of(ada))
    assert guard.known(token_of(ada)) is None

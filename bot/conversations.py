"""aiogram's memory of conversations, in our own store, so that a restart forgets none."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey
from typing_extensions import override

from data.store.chats import SqlChats
from engine.ports import Clock

MOST_DATA: Final = 16_384  # characters of JSON; more is a mistake of ours


class Conversations(BaseStorage):
    """Each conversation's state and data, by chat and person. Data is whatever JSON can say. A day old is over."""

    def __init__(self, store: SqlChats, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._keys = DefaultKeyBuilder(with_bot_id=True, with_destiny=True, with_business_connection_id=True)

    @override
    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        name = self._keys.build(key)
        _, data = await self._store.conversation(name)
        word = state.state if isinstance(state, State) else state
        await self._store.keep_conversation(name, word, data, self._clock())

    @override
    async def get_state(self, key: StorageKey) -> str | None:
        return (await self._store.conversation(self._keys.build(key)))[0]

    @override
    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        name, text = self._keys.build(key), json.dumps(dict(data))
        if len(text) > MOST_DATA:
            raise ValueError(f"a conversation's data has {len(text)} characters")
        state, _ = await self._store.conversation(name)
        await self._store.keep_conversation(name, state, text, self._clock())

    @override
    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        return dict(json.loads((await self._store.conversation(self._keys.build(key)))[1]))

    @override
    async def close(self) -> None:
        """Do nothing: who opened the store closes it."""

"""The methods that read accounts, each as of the commitment that was asked for."""

import base64
import binascii
from typing import Any, Final

from msgspec import Struct
from solders.account import Account
from solders.pubkey import Pubkey
from solders.token.state import Mint

from data.solana.localnet import base58, params, shapes, tokens
from data.solana.localnet.answers import Answers, Method, with_context
from data.solana.localnet.blocks import Block
from data.solana.localnet.errors import InvalidParamsError, InvalidRequestError, ScanError
from data.solana.localnet.params import Options, Params, View

MOST_ACCOUNTS: Final = 100  # of one getMultipleAccounts
MOST_SCANNED: Final = 10_000  # that a scan answers
_MOST_FILTERS: Final = 4
_MOST_COMPARED: Final = 128
_OWNER_AT: Final = 32  # in a token account


class Matches(Struct, frozen=True):
    """A filter of accounts: their data's length, or some of it."""

    size: int | None
    offset: int
    data: bytes

    def __call__(self, account: Account) -> bool:
        """Tell whether an account passes."""
        if self.size is not None:
            return len(account.data) == self.size
        return account.data[self.offset : self.offset + len(self.data)] == self.data


class AccountMethods(Answers):
    """Accounts, balances, token accounts."""

    def table(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "getAccountInfo": Method(self.account_info, 2),
            "getBalance": Method(self.balance, 2),
            "getMinimumBalanceForRentExemption": Method(self.rent, 2),
            "getMultipleAccounts": Method(self.multiple_accounts, 2),
            "getProgramAccounts": Method(self.program_accounts, 2),
            "getTokenAccountBalance": Method(self.token_account_balance, 2),
            "getTokenAccountsByOwner": Method(self.token_accounts_by_owner, 3),
            "getTokenSupply": Method(self.token_supply, 2),
        }

    def balance(self, given: Params) -> Any:
        """Return an account's lamports."""
        block = self.block(given.options(1))
        account = self.chain.account(given.pubkey(0), block)
        return with_context(block, account.lamports if account else 0)

    def account_info(self, given: Params) -> Any:
        """Return an account, or null."""
        options = given.options(1)
        view, block = View.of(options), self.block(options)
        return with_context(block, self._shown(given.pubkey(0), block, view))

    def multiple_accounts(self, given: Params) -> Any:
        """Return accounts, null for each that is not there."""
        keys = [params.pubkey(key) for key in given.list(0, MOST_ACCOUNTS)]
        options = given.options(1)
        view, block = View.of(options), self.block(options)
        return with_context(block, [self._shown(key, block, view) for key in keys])

    def rent(self, given: Params) -> Any:
        """Return the lamports that keep an account of a size."""
        size = given.integer(0, "the size")
        if size > 10 * 1024 * 1024:
            raise InvalidParamsError("Invalid params: an account has at most 10 MiB")
        return self.chain.vm.rent(size)

    def program_accounts(self, given: Params) -> Any:
        """Return a program's accounts that pass all filters."""
        options = given.options(1)
        view, block, filters = View.of(options), self.block(options), account_filters(options)
        found = self._scan(given.pubkey(0), block, filters)
        shown = self._shown_all(found, block, view)
        return with_context(block, shown) if options.flag("withContext") else shown

    def token_account_balance(self, given: Params) -> Any:
        """Return a token account's balance."""
        block = self.block(given.options(1))
        account = self.chain.account(given.pubkey(0), block)
        if account is None:
            raise InvalidParamsError("Invalid param: could not find account")
        if (token := tokens.token_account(account)) is None:
            raise InvalidParamsError("Invalid param: not a Token account")
        return with_context(block, tokens.ui_amount(token.amount, self._mint(token.mint, block).decimals))

    def token_supply(self, given: Params) -> Any:
        """Return how much of a mint there is."""
        block = self.block(given.options(1))
        mint = self._mint(given.pubkey(0), block)
        return with_context(block, tokens.ui_amount(mint.supply, mint.decimals))

    def token_accounts_by_owner(self, given: Params) -> Any:
        """Return an owner's token accounts of a mint or of a program."""
        owner, which, options = given.pubkey(0), given.options(1), given.options(2)
        view, block = View.of(options), self.block(options)
        mint, program = which.text("mint"), which.text("programId")
        if (mint is None) == (program is None):
            raise InvalidParamsError("Invalid params: give either mint or programId")
        filters = [Matches(None, _OWNER_AT, bytes(owner))]
        if mint is not None:
            key = params.pubkey(mint)
            self._mint(key, block)
            account = self.chain.account(key, block)
            assert account is not None
            program_key = account.owner
            filters.append(Matches(None, 0, bytes(key)))
        else:
            program_key = params.pubkey(program)
            if program_key not in tokens.PROGRAMS:
                raise InvalidParamsError("Invalid param: unrecognized Token program id")
        found = [
            (key, account)
            for key, account in self._scan(program_key, block, filters)
            if tokens.token_account(account) is not None
        ]
        return with_context(block, self._shown_all(found, block, view))

    def _scan(self, program: Pubkey, block: Block, filters: list[Matches]) -> list[tuple[Pubkey, Account]]:
        owned = self.chain.owned_by(program, block).items()
        found = [(key, account) for key, account in owned if all(passes(account) for passes in filters)]
        if len(found) > MOST_SCANNED:
            raise ScanError(f"accumulated scan results exceeded the limit of {MOST_SCANNED} accounts")
        return found

    def _shown_all(self, found: list[tuple[Pubkey, Account]], block: Block, view: View) -> list[Any]:
        find = self.chain.find(block)
        return [
            {"pubkey": str(key), "account": _show(account, view, find)}
            for key, account in sorted(found, key=lambda each: bytes(each[0]))
        ]

    def _shown(self, key: Pubkey, block: Block, view: View) -> Any:
        account = self.chain.account(key, block)
        return None if account is None else _show(account, view, self.chain.find(block))

    def _mint(self, key: Pubkey, block: Block) -> Mint:
        account = self.chain.account(key, block)
        if account is None:
            raise InvalidParamsError("Invalid param: could not find mint")
        if (mint := tokens.mint(account)) is None:
            raise InvalidParamsError("Invalid param: not a Token mint")
        return mint


def _show(account: Account, view: View, find: tokens.Find) -> dict[str, Any]:
    if shapes.is_too_long(account, view.encoding, view.part):
        raise InvalidRequestError(
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding."
        )
    return view.show(account, find)


def account_filters(options: Options) -> list[Matches]:
    """Return the filters of a request."""
    given = options.list("filters")
    if len(given) > _MOST_FILTERS:
        raise InvalidParamsError(f"Too many filters provided; max {_MOST_FILTERS}")
    return [_filter(each) for each in given]


def _filter(given: object) -> Matches:
    match given:
        case {"dataSize": size}:
            return Matches(params.integer(size, "dataSize"), 0, b"")
        case {"memcmp": {"offset": offset, "bytes": str(text), **rest}}:
            data = _compared(text, rest.get("encoding") or "base58")
            return Matches(None, params.integer(offset, "offset"), data)
        case _:
            raise InvalidParamsError("Invalid params: a filter is dataSize or memcmp")


def _compared(text: str, encoding: object) -> bytes:
    if len(text) > 2 * _MOST_COMPARED:
        raise InvalidParamsError(f"Invalid param: encoded data too large, at most {_MOST_COMPARED} bytes are compared")
    try:
        if encoding == "base58":
            return base58.decode(text)
        if encoding == "base64":
            return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise InvalidParamsError(f"Invalid param: not {encoding}") from None
    raise InvalidParamsError("Invalid param: memcmp takes base58 or base64")

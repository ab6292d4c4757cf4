/* A double of svm_clob, written from a description of what the program on devnet takes, does and answers.
 *
 * The instructions, accounts, layouts, checks, errors and the event are those of the real one, and so are its flaws:
 * whoever signs may withdraw from any user account, anybody may make an order book and trade everybody's balances on
 * it, a balance knows no mint, a trade may be executed again, nobody pays a fee, and nobody can trade with himself.
 *
 * It differs in this: an account to be made must have no lamports yet, and the log has no sentences about errors. */
#include "solana.h"

enum {
  UNKNOWN_INSTRUCTION = 101,
  BAD_ARGUMENTS = 102,
  NOT_MUTABLE = 2000,
  CONSTRAINT_RAW = 2003,
  CONSTRAINT_SEEDS = 2006,
  TOKEN_MINT = 2014,
  TOKEN_OWNER = 2015,
  NO_DISCRIMINATOR = 3001,
  OTHER_DISCRIMINATOR = 3002,
  NOT_ENOUGH_ACCOUNTS = 3005,
  OWNED_BY_OTHER_PROGRAM = 3007,
  OTHER_PROGRAM = 3008,
  NOT_SIGNER = 3010,
  NOT_INITIALIZED = 3012,
  OTHER_SYSVAR = 3015,
  PAUSED = 6004,
  INSUFFICIENT_BALANCE = 6005,
  UNAUTHORIZED = 6006,
  INVALID_MINT = 6007,
};
#define BORROW_FAILED (12ULL << 32) /* an account that is borrowed twice */

/* The first eight bytes of an instruction, of an account's data, of an event. */
#define INITIALIZE_ORDERBOOK 0x29a8563cf176adc3ULL
#define INITIALIZE_USER_ACCOUNT 0xee7acd98d33df883ULL
#define EXECUTE_TRADE 0x616a000d87c0104dULL
#define DEPOSIT 0xb6f2e15289c623f2ULL
#define WITHDRAW 0x22a16d949c4612b7ULL
#define ORDERBOOK 0xf8412795da7de637ULL
#define USER_ACCOUNT 0x7ff26eba108821d3ULL
#define TRADE_SETTLED 0xd85d35afe1a67716ULL

enum { ORDERBOOK_SIZE = 168, USER_ACCOUNT_SIZE = 104, TOKEN_ACCOUNT_SIZE = 165, TRADE_SIZE = 105 };
enum { AUTHORITY = 8, BASE = 40, QUOTE = 72, TICK = 104, LEAST = 112, VOLUME = 120, IS_INITIALIZED = 128, IS_PAUSED = 129 };
enum { OWNER = 8, TRADED = 40, BASE_BALANCE = 48, QUOTE_BALANCE = 56, USER_IS_INITIALIZED = 64 };

static const Key SYSTEM = {{0}};
static const Key TOKEN = {{6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172,
                           28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169}};
static const Key RENT = {{6, 167, 213, 23, 25, 44, 92, 81, 33, 140, 201, 76, 61, 74, 241, 127,
                          88, 218, 238, 8, 155, 161, 253, 68, 227, 219, 217, 138, 0, 0, 0, 0}};
static const u8 BOOK_SEED[] = "orderbook", USER_SEED[] = "user_account", VAULT_SEED[] = "clob_vault";

typedef struct { Key found; Bytes seeds[4]; u64 len; u8 bump; } Place; /* an address that a program signs for */

INLINE void place_of(Place *place, const Key *program) {
  sol_try_find_program_address(place->seeds, place->len, program, &place->found, &place->bump);
  place->seeds[place->len].bytes = &place->bump;
  place->seeds[place->len].len = 1;
}
INLINE void place_of_book(Place *place, const u8 *base, const u8 *quote, const Key *program) {
  place->seeds[0] = (Bytes){BOOK_SEED, 9};
  place->seeds[1] = (Bytes){base, 32};
  place->seeds[2] = (Bytes){quote, 32};
  place->len = 3;
  place_of(place, program);
}
INLINE void place_of_one(Place *place, const u8 *seed, u64 len, const u8 *key, const Key *program) {
  place->seeds[0] = (Bytes){seed, len};
  place->seeds[1] = (Bytes){key, 32};
  place->len = 2;
  place_of(place, program);
}

/* Make an account of zeros at a place of ours; the payer has signed. */
static u64 make(const Account *payer, Account *account, const Place *place, const Key *owner, u64 size) {
  u8 data[52];
  *(u32 *)data = 0;
  write(data + 4, (128 + size) * 6960); /* free of rent */
  write(data + 12, size);
  copy(data + 20, owner->bytes);
  Meta metas[2] = {{payer->key, 1, 1}, {account->key, 1, 1}};
  Instruction create = {&SYSTEM, metas, 2, data, 52};
  Account infos[2] = {*payer, *account};
  Signer signer = {place->seeds, place->len + 1};
  account->size = size; /* for calls that come after this one; a copy goes along with it */
  return sol_invoke_signed_c(&create, infos, 2, &signer, 1);
}

/* Move tokens; the authority has signed, or is the place that is given. */
static u64 transfer(const Account *from, const Account *to, const Account *authority, u64 amount, const Place *place) {
  u8 data[9];
  data[0] = 3;
  write(data + 1, amount);
  Meta metas[3] = {{from->key, 1, 0}, {to->key, 1, 0}, {authority->key, 0, 1}};
  Instruction move = {&TOKEN, metas, 3, data, 9};
  Account infos[3] = {*from, *to, *authority};
  Signer signer = {place ? place->seeds : 0, place ? place->len + 1 : 0};
  return sol_invoke_signed_c(&move, infos, 3, &signer, place ? 1 : 0);
}

INLINE u64 of_ours(const Account *account, u64 discriminator, const Key *program) {
  if (!same(account->owner, program)) return OWNED_BY_OTHER_PROGRAM;
  if (account->size < 8) return NO_DISCRIMINATOR;
  return read(account->data) == discriminator ? 0 : OTHER_DISCRIMINATOR;
}
INLINE u64 of_tokens(const Account *account) {
  if (same(account->owner, &SYSTEM) && !*account->lamports) return NOT_INITIALIZED;
  return same(account->owner, &TOKEN) ? 0 : OWNED_BY_OTHER_PROGRAM;
}
#define TRY(checked) do { u64 error = (checked); if (error) return error; } while (0)
#define REQUIRE(condition, error) do { if (!(condition)) return (error); } while (0)

static u64 initialize_orderbook(const Call *call) {
  LOG("Instruction: InitializeOrderbook");
  Account *a = call->accounts;
  const u8 *terms = call->data + 8;
  REQUIRE(call->data_len >= 8 + 112, BAD_ARGUMENTS);
  REQUIRE(call->accounts_len >= 5, NOT_ENOUGH_ACCOUNTS);
  REQUIRE(a[1].is_signer, NOT_SIGNER);
  TRY(of_tokens(&a[2]));
  TRY(of_tokens(&a[3]));
  REQUIRE(same(a[4].key, &SYSTEM), OTHER_PROGRAM);
  Place *place = (Place *)(HEAP + 4096);
  place_of_book(place, a[2].key->bytes, a[3].key->bytes, call->program);
  REQUIRE(same(&place->found, a[0].key), CONSTRAINT_SEEDS);
  REQUIRE(a[0].is_writable && a[1].is_writable, NOT_MUTABLE);
  TRY(make(&a[1], &a[0], place, call->program, ORDERBOOK_SIZE));
  u8 *book = a[0].data;
  write(book, ORDERBOOK);
  copy(book + AUTHORITY, terms + 80);
  copy(book + BASE, terms); /* what is said, not the accounts */
  copy(book + QUOTE, terms + 32);
  write(book + TICK, read(terms + 64));
  write(book + LEAST, read(terms + 72));
  book[IS_INITIALIZED] = 1;
  return 0;
}

static u64 initialize_user_account(const Call *call) {
  LOG("Instruction: InitializeUserAccount");
  Account *a = call->accounts;
  REQUIRE(call->accounts_len >= 3, NOT_ENOUGH_ACCOUNTS);
  REQUIRE(a[1].is_signer, NOT_SIGNER);
  REQUIRE(same(a[2].key, &SYSTEM), OTHER_PROGRAM);
  Place *place = (Place *)(HEAP + 4096);
  place_of_one(place, USER_SEED, 12, a[1].key->bytes, call->program);
  REQUIRE(same(&place->found, a[0].key), CONSTRAINT_SEEDS);
  REQUIRE(a[0].is_writable && a[1].is_writable, NOT_MUTABLE);
  TRY(make(&a[1], &a[0], place, call->program, USER_ACCOUNT_SIZE));
  write(a[0].data, USER_ACCOUNT);
  copy(a[0].data + OWNER, a[1].key->bytes);
  a[0].data[USER_IS_INITIALIZED] = 1;
  return 0;
}

INLINE u64 add(u8 *at, u64 amount) {
  u64 sum = read(at) + amount;
  REQUIRE(sum >= amount, INSUFFICIENT_BALANCE);
  write(at, sum);
  return 0;
}
INLINE u64 take(u8 *at, u64 amount) {
  REQUIRE(read(at) >= amount, INSUFFICIENT_BALANCE);
  write(at, read(at) - amount);
  return 0;
}

static u64 execute_trade(const Call *call) {
  LOG("Instruction: ExecuteTrade");
  Account *a = call->accounts;
  const u8 *trade = call->data + 8;
  REQUIRE(call->data_len >= 8 + TRADE_SIZE && trade[96] < 2, BAD_ARGUMENTS);
  REQUIRE(call->accounts_len >= 4, NOT_ENOUGH_ACCOUNTS);
  TRY(of_ours(&a[0], ORDERBOOK, call->program));
  TRY(of_ours(&a[1], USER_ACCOUNT, call->program));
  TRY(of_ours(&a[2], USER_ACCOUNT, call->program));
  REQUIRE(a[3].is_signer, NOT_SIGNER);
  u8 *book = a[0].data, *taker = a[1].data, *maker = a[2].data;
  Place *place = (Place *)(HEAP + 4096);
  place_of_book(place, book + BASE, book + QUOTE, call->program);
  REQUIRE(same(&place->found, a[0].key), CONSTRAINT_SEEDS);
  REQUIRE(same((Key *)(book + AUTHORITY), a[3].key), CONSTRAINT_RAW);
  for (int i = 1; i < 3; i++) {
    place_of_one(place, USER_SEED, 12, a[i].data + OWNER, call->program);
    REQUIRE(same(&place->found, a[i].key), CONSTRAINT_SEEDS);
  }
  REQUIRE(a[0].is_writable && a[1].is_writable && a[2].is_writable && a[3].is_writable, NOT_MUTABLE);

  REQUIRE(!book[IS_PAUSED], PAUSED);
  REQUIRE(taker != maker, BORROW_FAILED);
  REQUIRE(same((Key *)(taker + OWNER), (Key *)(trade + 16)), UNAUTHORIZED);
  REQUIRE(same((Key *)(maker + OWNER), (Key *)(trade + 48)), UNAUTHORIZED);
  u64 price = read(trade + 80), quantity = read(trade + 88);
  u64 most = quantity ? ~0ULL / quantity : ~0ULL;
  __asm__ volatile("" : "+r"(most)); /* or the compiler multiplies in 128 bits, which is not to be had */
  REQUIRE(price <= most, INSUFFICIENT_BALANCE);
  u64 quote = price * quantity;
  u8 *buyer = trade[96] ? maker : taker, *seller = trade[96] ? taker : maker;
  TRY(take(buyer + QUOTE_BALANCE, quote));
  TRY(add(buyer + BASE_BALANCE, quantity));
  TRY(add(seller + QUOTE_BALANCE, quote));
  TRY(take(seller + BASE_BALANCE, quantity));
  TRY(add(book + VOLUME, quantity));
  TRY(add(taker + TRADED, quantity));
  TRY(add(maker + TRADED, quantity));

  u8 *event = (u8 *)(HEAP + 8192), *clock = event + 128;
  write(event, TRADE_SETTLED);
  for (int i = 0; i < 96; i += 8) write(event + 8 + i, read(trade + i)); /* ids, owners, price, quantity */
  sol_get_clock_sysvar(clock);
  write(event + 104, read(clock + 32)); /* the chain's time, not the trade's */
  Bytes told = {event, 112};
  sol_log_data(&told, 1);
  return 0;
}

/* What deposit and withdraw have in common: which balance, once the accounts are what they should be. */
static u64 check_tokens(const Call *call) {
  Account *a = call->accounts;
  REQUIRE(call->data_len >= 16, BAD_ARGUMENTS);
  REQUIRE(call->accounts_len >= 7, NOT_ENOUGH_ACCOUNTS);
  TRY(of_ours(&a[0], ORDERBOOK, call->program));
  TRY(of_ours(&a[1], USER_ACCOUNT, call->program));
  TRY(of_tokens(&a[2]));
  TRY(of_tokens(&a[3]));
  REQUIRE(a[5].is_signer, NOT_SIGNER);
  REQUIRE(same(a[6].key, &TOKEN), OTHER_PROGRAM);
  REQUIRE(a[1].is_writable && a[2].is_writable && a[4].is_writable && a[5].is_writable, NOT_MUTABLE);
  return 0;
}
INLINE u64 balance_of(const Call *call, u8 **balance) {
  Account *a = call->accounts;
  int is_base = same(a[3].key, (Key *)(a[0].data + BASE));
  REQUIRE(is_base || same(a[3].key, (Key *)(a[0].data + QUOTE)), INVALID_MINT);
  *balance = a[1].data + (is_base ? BASE_BALANCE : QUOTE_BALANCE);
  return 0;
}

static u64 deposit(const Call *call) {
  LOG("Instruction: Deposit");
  Account *a = call->accounts, *vault = &a[4];
  TRY(check_tokens(call));
  REQUIRE(call->accounts_len >= 9, NOT_ENOUGH_ACCOUNTS);
  REQUIRE(same(a[7].key, &SYSTEM), OTHER_PROGRAM);
  REQUIRE(same(a[8].key, &RENT), OTHER_SYSVAR);
  Place *place = (Place *)(HEAP + 4096);
  place_of_one(place, VAULT_SEED, 10, a[3].key->bytes, call->program);
  REQUIRE(same(&place->found, vault->key), CONSTRAINT_SEEDS);
  if (same(vault->owner, &SYSTEM)) {
    TRY(make(&a[5], vault, place, &TOKEN, TOKEN_ACCOUNT_SIZE));
    u8 data[33];
    data[0] = 18; /* InitializeAccount3: its own owner */
    copy(data + 1, vault->key->bytes);
    Meta metas[2] = {{vault->key, 1, 0}, {a[3].key, 0, 0}};
    Instruction initialize = {&TOKEN, metas, 2, data, 33};
    Account infos[2] = {*vault, a[3]};
    TRY(sol_invoke_signed_c(&initialize, infos, 2, 0, 0));
  } else {
    TRY(of_tokens(vault));
    REQUIRE(same((Key *)vault->data, a[3].key), TOKEN_MINT);
    REQUIRE(same((Key *)(vault->data + 32), vault->key), TOKEN_OWNER);
  }
  u8 *balance;
  u64 amount = read(call->data + 8);
  TRY(balance_of(call, &balance));
  TRY(transfer(&a[2], vault, &a[5], amount, 0));
  return add(balance, amount);
}

static u64 withdraw(const Call *call) {
  LOG("Instruction: Withdraw");
  Account *a = call->accounts, *vault = &a[4];
  TRY(check_tokens(call));
  TRY(of_tokens(vault));
  Place *place = (Place *)(HEAP + 4096);
  place_of_one(place, VAULT_SEED, 10, a[3].key->bytes, call->program);
  REQUIRE(same(&place->found, vault->key), CONSTRAINT_SEEDS);
  u8 *balance;
  u64 amount = read(call->data + 8);
  TRY(balance_of(call, &balance));
  REQUIRE(read(balance) >= amount, INSUFFICIENT_BALANCE);
  TRY(transfer(vault, &a[2], vault, amount, place)); /* whoever has signed */
  return take(balance, amount);
}

u64 entrypoint(const u8 *input) {
  Call call;
  read_call(input, (Account *)HEAP, 16, &call);
  if (call.data_len < 8) return UNKNOWN_INSTRUCTION;
  switch (read(call.data)) {
    case INITIALIZE_ORDERBOOK: return initialize_orderbook(&call);
    case INITIALIZE_USER_ACCOUNT: return initialize_user_account(&call);
    case EXECUTE_TRADE: return execute_trade(&call);
    case DEPOSIT: return deposit(&call);
    case WITHDRAW: return withdraw(&call);
    default: return UNKNOWN_INSTRUCTION;
  }
}

/* What a program sees of Solana: its types, its system calls, and the buffer that it is called with.
 * There is no C library here, and nothing that the linker beside this file would not find. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

typedef struct { u8 bytes[32]; } Key;
typedef struct {
  Key *key;
  u64 *lamports;
  u64 size;
  u8 *data;
  Key *owner;
  u64 rent_epoch;
  u8 is_signer, is_writable, executable;
} Account;
typedef struct { const Key *key; u8 is_writable, is_signer; } Meta;
typedef struct { const Key *program; const Meta *accounts; u64 accounts_len; const u8 *data; u64 data_len; } Instruction;
typedef struct { const u8 *bytes; u64 len; } Bytes;
typedef struct { const Bytes *seeds; u64 len; } Signer;

/* Found by name when the program is loaded. */
void sol_log_(const u8 *text, u64 len);
void sol_log_data(const Bytes *fields, u64 len);
u64 sol_get_clock_sysvar(u8 *clock);
u64 sol_try_find_program_address(const Bytes *seeds, u64 len, const Key *program, Key *found, u8 *bump);
u64 sol_invoke_signed_c(const Instruction *, const Account *, u64 accounts_len, const Signer *, u64 signers_len);

#define HEAP 0x300000000ULL /* 32 KiB of zeros; a frame of the stack has room for little */
#define INLINE static inline __attribute__((always_inline))
#define LOG(text) sol_log_((const u8 *)(text), sizeof(text) - 1)

INLINE u64 read(const u8 *at) { return *(const u64 *)at; } /* the machine reads and writes unaligned */
INLINE void write(u8 *at, u64 value) { *(u64 *)at = value; }
INLINE int same(const Key *a, const Key *b) {
  const u64 *x = (const u64 *)a, *y = (const u64 *)b;
  return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}
INLINE void copy(u8 *to, const u8 *from) { /* a key */
  for (int i = 0; i < 32; i += 8) write(to + i, read(from + i));
}

typedef struct {
  Account *accounts;
  u64 accounts_len;
  const u8 *data;
  u64 data_len;
  const Key *program;
} Call;

/* Read the buffer of a call. Accounts beyond the most that are wanted are passed over. */
INLINE void read_call(const u8 *at, Account *accounts, u64 most, Call *call) {
  u64 count = read(at);
  at += 8;
  for (u64 i = 0; i < count; i++) {
    if (at[0] != 0xff) { /* the same account again */
      if (i < most) accounts[i] = accounts[at[0]];
      at += 8;
      continue;
    }
    u64 size = read(at + 80);
    if (i < most) {
      Account *account = &accounts[i];
      account->is_signer = at[1];
      account->is_writable = at[2];
      account->executable = at[3];
      account->key = (Key *)(at + 8);
      account->owner = (Key *)(at + 40);
      account->lamports = (u64 *)(at + 72);
      account->size = size;
      account->data = (u8 *)(at + 88);
    }
    at += 88 + size + 10240; /* room to grow */
    at = (const u8 *)(((u64)at + 7) & ~7ULL);
    if (i < most) accounts[i].rent_epoch = read(at);
    at += 8;
  }
  call->accounts = accounts;
  call->accounts_len = count < most ? count : most;
  call->data_len = read(at);
  call->data = at + 8;
  call->program = (const Key *)(at + 8 + call->data_len);
}

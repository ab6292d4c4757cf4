// What `/api/admin` tells, as docs/api.md has it.

type PartName =
  | 'readiness' | 'loop' | 'writer' | 'ledger' | 'feed' | 'markets' | 'quotes' | 'withdrawals' | 'settlement' | 'books' | 'sockets' | 'bot';

interface FollowedMarket {
  symbol: string; in_sync: boolean; message_age_s: number | null; book_age_s: number | null; messages_per_s: number;
  resyncs: number; stale: number; reconnects: number;
}
interface StatusOfMarket { symbol: string; status: MarketStatus }
interface QuotedMarket {
  symbol: string; base: string; quote: string; stops: string[]; stopped_because: string | null; bids: number; asks: number; trades: number;
  volume: Decimal; position: Decimal; realised: Decimal; total: Decimal | null;
}
interface QuotingAlarm { symbol: string; reason: string; began: boolean; detail: string; created_at: number }
interface Difference {
  account_id: number; asset: string; identity: string; expected: Decimal; found: Decimal; slot: number | null; note: string;
}
interface VaultAmount { account_id: number; asset: string; token_account: string; amount: Decimal }
interface Comparison {
  withdrawals_stopped: boolean; differences: Difference[]; compared_at: number | null; surplus: VaultAmount[];
  frozen: VaultAmount[]; fee_payer_lamports: number | null; fee_payer_is_low: boolean;
}
interface Overview {
  at: number; started_at: number; version: string;
  readiness: { is_well: boolean; reasons: string[] };
  loop: { is_well: boolean; late_ms: number };
  writer: {
    is_well: boolean; commands: number; commits: number; commit_ms: number; queues: { name: string; waiting: number }[];
  };
  ledger: { is_well: boolean; checks: number; checked_at: number | null; unbalanced: { asset: string; amount: Decimal }[] };
  feed: { is_well: boolean; markets: FollowedMarket[] };
  markets: { is_well: boolean; markets: StatusOfMarket[] };
  quotes: { is_well: boolean; markets: QuotedMarket[] };
  withdrawals: { is_well: boolean; is_stopped: boolean; states: Record<string, number> };
  settlement: {
    is_well: boolean; is_on: boolean; owed: number | null; under_way: number | null; failed: number | null;
    oldest_owed_s: number | null;
  };
  books: { is_well: boolean; age_s: number | null; fee_floor_lamports: number; comparison: Comparison | null };
  sockets: { is_well: boolean; clients: number; lagging: number; conflations: number; dropped: Record<string, number> };
  bot: { is_well: boolean; notices_waiting: number | null };
}
interface AccountWithdrawal { account_id: number; approved_by: number[]; withdrawal: Withdrawal }
interface UnderWay { withdrawals: AccountWithdrawal[]; stopped_because: string | null }
interface FailedFill { trade_id: number; symbol: string; reason: string; created_at: number }
interface AdminAct {
  id: number; admin_id: number; action: string | null; on: string; act: string; target: string; address: string; created_at: number;
}

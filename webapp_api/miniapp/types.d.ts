// What the API tells, as docs/api.md has it. Prices, quantities and amounts are decimal strings, times milliseconds.

type Decimal = string;
type Side = 'buy' | 'sell';
type OrderType = 'limit' | 'market' | 'limit_maker';
type TextKey = keyof typeof import('./texts/en.json');

type MarketStatus = 'trading' | 'cancel_only' | 'halted';
interface Market {
  symbol: string; base: string; quote: string; status: MarketStatus;
  tick_size: Decimal; lot_size: Decimal; price_decimals: number; quantity_decimals: number;
  max_price: Decimal; max_quantity: Decimal; maker_fee: Decimal; taker_fee: Decimal;
}
interface Reference { last: Decimal | null; bid: Decimal | null; ask: Decimal | null; at: number }
interface Ticker {
  symbol: string; last: Decimal | null; bid: Decimal | null; ask: Decimal | null; open: Decimal | null;
  high: Decimal | null; low: Decimal | null; change: Decimal | null; change_percent: Decimal | null;
  volume: Decimal; quote_volume: Decimal; trades: number; at: number; reference: Reference | null;
  status: MarketStatus;
}
interface Candle {
  begin_at: number; open: Decimal; high: Decimal; low: Decimal; close: Decimal; volume: Decimal;
  reference: boolean; reference_volume: Decimal | null;
}
interface PublicTrade { trade_id: number; price: Decimal; quantity: Decimal; taker_side: Side; created_at: number }
interface Fill { trade_id: number; price: Decimal; quantity: Decimal; fee: Decimal; fee_asset: string; maker: boolean }
interface Order {
  id: number; client_order_id: string | null; symbol: string; side: Side; type: OrderType; time_in_force: string;
  status: string; price: Decimal | null; quantity: Decimal | null; quote_quantity: Decimal | null;
  filled_quantity: Decimal; filled_quote_quantity: Decimal; average_price: Decimal | null;
  created_at: number; updated_at: number; fills: Fill[];
  sending?: boolean; // placed here and not answered yet
}
interface OwnTrade {
  trade_id: number; order_id: number; symbol: string; side: Side; price: Decimal; quantity: Decimal;
  quote_quantity: Decimal; fee: Decimal; fee_asset: string; maker: boolean; created_at: number;
  settlement: { state: string; signature: string | null; explorer?: string | null };
}
interface NewOrder {
  symbol: string; side: Side; type: OrderType; price?: Decimal; quantity?: Decimal; quote_quantity?: Decimal;
  time_in_force?: string; client_order_id: string;
}
interface Balance { asset: string; available: Decimal; held: Decimal; total: Decimal }
interface Holding extends Balance { value: Decimal | null }
interface PortfolioView { balances: Holding[]; total_value: Decimal; currency: string }
interface LedgerEntry {
  id: number; asset: string; reason: string; available: Decimal; held: Decimal; cause: number | null; created_at: number;
}
interface Deposit {
  asset: string; amount: Decimal; reference: string; created_at: number; signature: string | null; explorer: string | null;
}
interface Withdrawal {
  id: number; asset: string; amount: Decimal; fee: Decimal; net: Decimal; address: string; state: string;
  waits_for: string | null; reason: string | null; approvals: number; approvals_needed: number; signature: string | null;
  explorer: string | null; created_at: number; confirm_by: number | null; waits_until: number | null;
}
interface WithdrawalTerms {
  asset: string; fee: Decimal; minimum: Decimal; maximum: Decimal | null; day_limit: Decimal | null; day_left: Decimal | null;
  under_way: number; most_under_way: number;
}
interface Arrival {
  asset: string; amount: Decimal; signature: string; explorer: string | null; confirmations: number; confirmations_needed: number;
}
interface DepositAddress { asset: string; address: string; mint: string; minimum: Decimal }
interface TokenAccounts { amount: Decimal; accounts: number; slot: number | null; last_slot: number | null }
interface SolventAsset {
  asset: string; decimals: number; mint: string | null; root: string | null; liabilities_atoms: string; on_chain: Decimal;
  withdrawals_under_way: Decimal; vault: TokenAccounts; deposit_accounts: TokenAccounts;
}
interface SolvencySnapshot { snapshot_id: number; taken_at: number; explorer: string | null; assets: SolventAsset[] }
interface SolvencyProof { snapshot_id: number; account_id: number; proofs: import('./lib/solvency.js').Proof[] }
interface Account {
  id: number; telegram_id: number | null; first_name: string; username: string | null; language_code: string | null;
}
interface SignedIn { access_token: string; expires_in: number; refresh_token: string; account: Account }
interface Session {
  id: string; current: boolean; user_agent: string; address: string; door: string; created_at: number; refreshed_at: number;
}
interface ApiKey {
  api_key: string; name: string; scopes: string[]; addresses: string[]; created_at: number; expires_at: number | null;
  last_used_at: number | null;
}
interface NewApiKey extends ApiKey { secret: string | null }
interface Activity { id: number; kind: string; detail: string; address: string; created_at: number }
interface LinkedWallet { address: string; created_at: number }
interface NewWalletLink { id: string; code: string; url: string; phantom_url: string; solflare_url: string }
interface WalletLink { id: string; state: 'asked' | 'signed' | 'linked'; address: string | null }
interface ChannelMessage { channel: string; seq: number; type: 'snapshot' | 'update'; data: any }

// What a Telegram client gives the page.
interface Window {
  TelegramWebviewProxy?: { postEvent(type: string, data: string): void };
  TelegramGameProxy?: unknown;
  Telegram?: { WebView?: unknown };
}
interface External { notify?: (message: string) => void }

// Checks a proof of solvency here, without believing the server: docs/proof-of-solvency.md says what is hashed.

/**
 * @typedef {{ side: string, hash: string, atoms: string }} Step
 * @typedef {{ asset: string, account_id: number, atoms: string, salt: string, path: Step[] }} Proof
 * @typedef {{ root: string, liabilities_atoms: string }} Published
 * @typedef {'asset_name' | 'no_account' | 'path_length' | 'side' | 'sum' | 'hash' | 'sums' | 'root' | 'snapshot'
 *   | 'unpublished' | 'leaf' | 'another_account'} Why
 */

const MOST = 2n ** 63n; // no sum reaches this
const MOST_STEPS = 64;
const LEAF = 'clobster.solvency.leaf.1';
const NODE = 'clobster.solvency.node.1';

/** The proof does not show what it says; the code says why, and asset of what where that is not all of it. */
export class Forged extends Error {
  /** @param {Why} code @param {string} [asset] */
  constructor(code, asset = '') {
    super(code);
    this.code = code;
    this.asset = asset;
  }
}

/**
 * Return where a proof leads from its leaf to the published root; throw Forged where it does not.
 * @param {Proof} proof of /api/portfolio/solvency-proof @param {Published} published of the same asset in /api/solvency
 */
export async function verify(proof, published) {
  const asset = new TextEncoder().encode(proof.asset);
  if (!asset.length || asset.length > 255) throw new Forged('asset_name');
  if (!Number.isSafeInteger(proof.account_id) || proof.account_id < 0) throw new Forged('no_account');
  let sum = atoms(proof.atoms);
  const leaf = [text(LEAF), Uint8Array.of(asset.length), asset, hash(proof.salt), number(BigInt(proof.account_id))];
  let node = await sha256([...leaf, number(sum)]);
  if (proof.path.length > MOST_STEPS) throw new Forged('path_length');
  for (const step of proof.path) {
    const other = [hash(step.hash), number(atoms(step.atoms))];
    const own = [node, number(sum)];
    if (step.side !== 'left' && step.side !== 'right') throw new Forged('side');
    node = await sha256([text(NODE), ...(step.side === 'left' ? [...other, ...own] : [...own, ...other])]);
    sum += atoms(step.atoms);
    if (sum >= MOST) throw new Forged('sum');
  }
  if (sum !== atoms(published.liabilities_atoms)) throw new Forged('sums');
  if (hex(node) !== published.root) throw new Forged('root');
}

/**
 * Check an account's whole answer: every proof in it, each against what is published of the same snapshot.
 * @param {{ snapshot_id: number, account_id: number, proofs: Proof[] }} mine the answer of /api/portfolio/solvency-proof
 * @param {{ snapshot_id: number, assets: ({ asset: string, root: string | null, liabilities_atoms: string })[] }} all
 * the answer of /api/solvency
 */
export async function verifyAll(mine, all) {
  if (mine.snapshot_id !== all.snapshot_id) throw new Forged('snapshot');
  for (const proof of mine.proofs) {
    const published = all.assets.find(each => each.asset === proof.asset);
    if (!published || published.root === null) throw new Forged('unpublished', proof.asset);
    if (proof.account_id !== mine.account_id) throw new Forged('leaf');
    await verify(proof, { root: published.root, liabilities_atoms: published.liabilities_atoms });
  }
}

/** @param {string} value */
function atoms(value) {
  if (!/^\d{1,19}$/.test(value) || BigInt(value) >= MOST) throw new Forged('sum');
  return BigInt(value);
}

/** @param {bigint} value */
function number(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** @param {string} value 32 bytes in hexadecimal */
function hash(value) {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new Forged('hash');
  return Uint8Array.from(value.match(/../g) ?? [], byte => parseInt(byte, 16));
}

/** @param {string} value */
const text = value => new TextEncoder().encode(value);

/** @param {Uint8Array} bytes */
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

/** @param {Uint8Array[]} parts */
async function sha256(parts) {
  const bytes = new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

// The HTTP API: one way to ask, tokens that renew themselves, refusals as errors with their code.

/** What the server refused. code is for us, message is the server's sentence. */
export class Refusal extends Error {
  /** @param {number} status @param {{code?: string, message?: string, details?: Record<string, any>}} told */
  constructor(status, { code = 'internal', message = '', details = {} }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Nobody answered: whether the request was carried out is not known. */
export class NoAnswer extends Error {
  code = 'no_answer';
}

const ANSWER_MS = 15_000;

/** @type {{access: string, refresh: string, until: number} | null} */
let tokens = null;
/** @type {Promise<boolean> | null} */
let renewing = null;
/** @type {(signedIn: SignedIn | null) => void} */
let onTokens = () => {};

/** Be told of new tokens, and of their end. @param {(signedIn: SignedIn | null) => void} listener */
export const watchTokens = listener => (onTokens = listener);

/** @param {SignedIn | null} signedIn */
export function keepTokens(signedIn) {
  tokens = signedIn && {
    access: signedIn.access_token,
    refresh: signedIn.refresh_token,
    until: Date.now() + signedIn.expires_in * 1000,
  };
  onTokens(signedIn);
}

export const accessToken = () => tokens?.access ?? null;

/** How long the access token is still good. */
export const tokenLifeMs = () => (tokens ? tokens.until - Date.now() : 0);

/** @param {string} method @param {string} path @param {object | undefined} body @param {string | null} token @param {string} [key] */
async function send(method, path, body, token, key) {
  try {
    return await fetch(path, {
      method,
      headers: {
        ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }),
        ...(key && { 'Idempotency-Key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    throw new NoAnswer();
  }
}

/** @param {Response} answer */
async function refused(answer) {
  const told = await answer.json().catch(() => ({}));
  return new Refusal(answer.status, told.error ?? {});
}

/** Exchange the refresh token, once for all who wait for it. Says whether somebody is signed in then. */
export function renew() {
  renewing ??= (async () => {
    if (!tokens) return false;
    const answer = await send('POST', '/api/auth/refresh', { refresh_token: tokens.refresh }, null);
    if (answer.ok) keepTokens(await answer.json());
    else if (answer.status < 500 && answer.status !== 429) keepTokens(null);
    else throw await refused(answer);
    return answer.ok;
  })().finally(() => (renewing = null));
  return renewing;
}

/**
 * Ask, and ask again with a new token where the old one has ended. Raises Refusal or NoAnswer.
 * @param {string} method @param {string} path @param {object} [body] @param {string} [key] a name for what moves money
 * @returns {Promise<Response>}
 */
export async function ask(method, path, body, key) {
  let answer = await send(method, path, body, accessToken(), key);
  if (answer.status === 401 && tokens && (await renew())) answer = await send(method, path, body, accessToken(), key);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

/** @param {string} path @returns {Promise<any>} */
export const get = async path => (await ask('GET', path)).json();

/** @param {string} path @param {object} [body] @param {string} [key] @returns {Promise<any>} null where the answer has no body */
export const post = async (path, body, key) => {
  const answer = await ask('POST', path, body ?? {}, key);
  return answer.status === 204 ? null : answer.json();
};

/** @param {string} path @param {object} body @returns {Promise<any>} */
export const patch = async (path, body) => (await ask('PATCH', path, body)).json();

/** @param {string} path @param {object} body @returns {Promise<any>} */
export const put = async (path, body) => (await ask('PUT', path, body)).json();

/** @param {string} path */
export const remove = path => ask('DELETE', path);

/** A query string of what is there. @param {Record<string, string | number | null | undefined>} given */
export const query = given => {
  const kept = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return kept.length ? `?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)]))}` : '';
};

/**
 * Do something that may safely be done twice until somebody answers. Raises what the last try raised.
 * @template T @param {() => Promise<T>} act @param {number} [tries]
 */
export async function insist(act, tries = 4) {
  for (let tried = 1; ; tried++) {
    try {
      return await act();
    } catch (error) {
      const again = error instanceof NoAnswer || (error instanceof Refusal && error.code === 'busy');
      if (!again || tried >= tries) throw error;
      await new Promise(done => setTimeout(done, (0.5 + Math.random()) * 500 * 2 ** tried));
    }
  }
}

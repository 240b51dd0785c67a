// HTTP: accounts, sessions, status. Asks the page's own origin first and then every other replica that is known, so that
// signing in does not depend on the replica that served the page.
import type { Account, Endpoint, Err, Status } from '../protocol/types.gen';
import { Refused } from '../protocol/frames';
import { ulid } from '../protocol/ulid';

const patience_ms = 6000;

export class NobodyAnswers extends Error {
  constructor() {
    super('no machine answers');
  }
}

export function http_base(endpoint: Endpoint): string {
  const url = new URL(endpoint.url);
  return `${url.protocol === 'wss:' ? 'https:' : 'http:'}//${url.host}`;
}

export function own_endpoint(): Endpoint {
  return { node: '', url: `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws` };
}

export class Api {
  constructor(private readonly endpoints_: () => Endpoint[]) {}

  register(name: string, password: string): Promise<Account> {
    return this.call_('POST', '/api/v1/accounts', { name, password }, { 'Idempotency-Key': ulid() });
  }

  sign_in(name: string, password: string): Promise<Account> {
    return this.call_('POST', '/api/v1/session', { name, password }, {});
  }

  sign_out(token: string): Promise<unknown> {
    return this.call_('DELETE', '/api/v1/session', undefined, { Authorization: `Bearer ${token}` });
  }

  // Without a token the machines' inner facts are missing.
  status(token?: string): Promise<Status> {
    return this.call_('GET', '/api/v1/status', undefined, token ? { Authorization: `Bearer ${token}` } : {});
  }

  private async call_<T>(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    const bases = [location.origin, ...this.endpoints_().map(http_base)];
    let refusal: Refused | undefined;
    for (const base of new Set(bases)) {
      let response: Response;
      try {
        response = await fetch(base + path, {
          method,
          headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
          body: body === undefined ? undefined : JSON.stringify(body),
          signal: AbortSignal.timeout(patience_ms),
          cache: 'no-store',
        });
      } catch {
        continue;
      }
      const text = await response.text();
      if (response.ok) return (text === '' ? {} : JSON.parse(text)) as T;
      refusal = new Refused(read_refusal(text, response.status));
      // This replica can't at the moment; another one may.
      if (response.status < 502 || response.status > 504) throw refusal;
    }
    throw refusal ?? new NobodyAnswers();
  }
}

function read_refusal(text: string, status: number): Err {
  try {
    const err = (JSON.parse(text) as { err?: Err }).err;
    if (err) return err;
  } catch {
    // Not from a replica: a proxy, perhaps.
  }
  return { code: 'internal', msg: `HTTP ${status}`, retry: 'same_cid', outcome: 'unknown' };
}

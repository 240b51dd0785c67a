// HTTP: accounts, sessions, status. Asks the page's own origin first and then every other replica that is known, so that
// signing in does not depend on the replica that served the page.
import type { Account, Endpoint, Err, Status } from '../protocol/types.gen';
import { Refused } from '../protocol/frames';
import { ulid } from '../protocol/ulid';

const patience_ms = 6000;
const status_patience_ms = 3000;

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

interface Told {
  base: string;
  status: Status;
}

const serves = ({ status }: Told) => status.state !== 'down';
// Whoever serves first, then whoever knows the newest chain.
const by_knowledge = (a: Told, b: Told) =>
  Number(serves(b)) - Number(serves(a)) || (b.status.epoch ?? 0) - (a.status.epoch ?? 0);

interface Machines {
  get(): string[];
  set(urls: string[]): void;
}

export class Api {
  // Whose status was taken last.
  private base_ = '';

  constructor(
    private readonly endpoints_: () => Endpoint[],
    private readonly machines_: Machines = { get: () => [], set: () => {} },
  ) {}

  register(name: string, password: string): Promise<Account> {
    return this.call_('POST', '/api/v1/accounts', { name, password }, { 'Idempotency-Key': ulid() });
  }

  sign_in(name: string, password: string): Promise<Account> {
    return this.call_('POST', '/api/v1/session', { name, password }, {});
  }

  sign_out(token: string): Promise<unknown> {
    return this.call_('DELETE', '/api/v1/session', undefined, { Authorization: `Bearer ${token}` });
  }

  // Without a token the machines' inner facts are missing. Whoever answered last is asked again; when it does not answer
  // now, or says that the chain is down, so are all others that are known.
  async status(token?: string): Promise<Status> {
    const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
    const ask = async (base: string): Promise<Told> => {
      const response = await send(base, 'GET', '/api/v1/status', undefined, headers, status_patience_ms);
      if (!response.ok) throw new Refused(read_refusal(await response.text(), response.status));
      const status = (await response.json()) as Partial<Status> | null;
      // A proxy may answer in its place.
      if (!Array.isArray(status?.chain)) throw new NobodyAnswers();
      return { base, status: status as Status };
    };
    const [first, ...others] = this.bases_().sort((a, b) => Number(b === this.base_) - Number(a === this.base_));
    const answers: PromiseSettledResult<Told>[] = await Promise.allSettled([ask(first!)]);
    if (!answers.some((one) => one.status === 'fulfilled' && serves(one.value)))
      answers.push(...(await Promise.allSettled(others.map(ask))));
    const [best] = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])).sort(by_knowledge);
    if (!best) {
      const refusal = answers.find((one) => one.status === 'rejected' && one.reason instanceof Refused);
      throw refusal?.status === 'rejected' ? refusal.reason : new NobodyAnswers();
    }
    this.base_ = best.base;
    const machines = best.status.client_urls;
    if (machines) this.machines_.set(machines.map((url) => new URL(url).origin));
    return best.status;
  }

  private bases_(): string[] {
    return [...new Set([location.origin, ...this.endpoints_().map(http_base), ...this.machines_.get()])];
  }

  private async call_<T>(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    let refusal: Refused | undefined;
    for (const base of this.bases_()) {
      let response: Response;
      try {
        response = await send(base, method, path, body, headers, patience_ms);
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

function send(
  base: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  within_ms: number,
): Promise<Response> {
  return fetch(base + path, {
    method,
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(within_ms),
    cache: 'no-store',
  });
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

import { afterEach, describe, expect, it, vi } from 'vitest';
import { Refused } from '../src/protocol/frames';
import { Api, NobodyAnswers } from '../src/state/api';
import { machines } from './fake';

// What each machine does with a request: an answer, or no connection.
function serve(answers: Record<string, () => Response>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    const { host } = new URL(url);
    asked.push(host);
    const answer = answers[host];
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('refused'));
  });
  return asked;
}
const json = (status: number, body: unknown) => () => new Response(JSON.stringify(body), { status });
const err = { code: 'conflict', msg: 'taken', retry: 'after_fix', outcome: 'none' };
const api = new Api(() => machines);
const own = () => location.host;

afterEach(() => vi.unstubAllGlobals());

describe('HTTP', () => {
  it('asks the next machine when one is gone or cannot now', async () => {
    const asked = serve({ n1: json(503, { err }), n2: json(200, { uid: 'u_1', name: 'ana', token: 't' }) });
    expect(await api.sign_in('ana', 'secret')).toMatchObject({ token: 't' });
    expect(asked).toEqual([own(), 'n1', 'n2']);
  });

  it('takes a refusal as final', async () => {
    const asked = serve({ n1: json(409, { err }), n2: json(200, {}) });
    await expect(api.register('ana', 'secret')).rejects.toMatchObject({ err: { code: 'conflict' } });
    expect(asked).toEqual([own(), 'n1']);
  });

  it('tells a refusal from silence', async () => {
    serve({ n2: json(503, { err: { ...err, code: 'read_only' } }) });
    await expect(api.sign_in('ana', 'secret')).rejects.toBeInstanceOf(Refused);
    serve({});
    await expect(api.sign_in('ana', 'secret')).rejects.toBeInstanceOf(NobodyAnswers);
  });

  const chain_of = (state: string, epoch: number, more = {}) =>
    json(200, { schema: 's', state, epoch, chain: [], ...more });
  const keeper = (urls: string[]) => ({ get: () => urls, set: (next: string[]) => (urls = next) });

  it('asks everybody that it ever heard of how the chain is, and takes the newest word', async () => {
    const known = keeper([]);
    const asking = new Api(() => machines.slice(0, 1), known);
    const urls = ['n1', 'n2', 'n3'].map((name) => `http://${name}/`);
    serve({ n1: chain_of('degraded', 7, { client_urls: urls }) });
    expect(await asking.status()).toMatchObject({ epoch: 7 });
    expect(known.get()).toEqual(['http://n1', 'http://n2', 'http://n3']);

    // The whole chain has died, and one of before is back.
    serve({ n3: chain_of('down', 7) });
    expect(await asking.status()).toMatchObject({ state: 'down' });
    serve({ n2: chain_of('down', 6), n3: chain_of('down', 7) });
    expect(await asking.status()).toMatchObject({ epoch: 7 });
    serve({ n1: chain_of('degraded', 6), n3: chain_of('down', 7) });
    expect(await asking.status()).toMatchObject({ state: 'degraded' });
    const asked = serve({ n1: chain_of('degraded', 8), n3: chain_of('down', 7) });
    expect(await asking.status()).toMatchObject({ epoch: 8 });
    expect(asked).toEqual(['n1']);
    serve({});
    await expect(asking.status()).rejects.toBeInstanceOf(NobodyAnswers);
    // What a proxy says in a machine's place is no status.
    serve({ n1: json(200, {}), n2: json(200, null) });
    await expect(asking.status()).rejects.toBeInstanceOf(NobodyAnswers);
  });

  it('never puts a password or a token into the address', async () => {
    const urls: string[] = [];
    vi.stubGlobal('fetch', (url: string) => {
      urls.push(url);
      return Promise.resolve(new Response('{}'));
    });
    await api.sign_in('ana', 'secret word');
    await api.sign_out('s1.token');
    expect(urls.join(' ')).not.toMatch(/secret|token/);
  });
});

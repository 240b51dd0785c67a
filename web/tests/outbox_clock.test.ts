import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { learn_time } from '../src/protocol/ulid';
import { settle, type FakeSocket, type Frame } from './fake';
import { sockets, store, outbox, connection, page, online, say, bodies, sent, words } from './outbox_page';

describe('on a device whose clock is wrong', () => {
  const day = 86_400_000;
  const real = 1_800_000_000_000;
  const time_of = (cid: string) =>
    [...cid.slice(0, 10)].reduce((sum, digit) => sum * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(digit), 0);
  const refusal = { code: 'bad_request', field: 'cid', retry: 'after_fix', outcome: 'unknown', msg: 'clock' };
  // What a server does: a key outside of its window is refused, a repeated one has its answer.
  const stored = new Map<string, string>();
  const served = new WeakSet<Frame>();
  async function serve(socket: FakeSocket): Promise<void> {
    for (let seen = 0; seen < socket.sent.length; seen++) {
      const frame = socket.sent[seen]!;
      if (served.has(frame)) continue;
      served.add(frame);
      if (frame.op === 'ping') socket.answer(frame, { t: real });
      if (frame.op === 'msg.send') {
        const off = time_of(frame.cid!) - real;
        if (off > day || off < -30 * day) socket.refuse(frame, refusal);
        else {
          stored.set(frame.cid!, String(frame.d.body));
          socket.answer(frame, sent);
        }
      }
      await settle();
      await vi.advanceTimersByTimeAsync(1);
    }
  }
  beforeEach(() => stored.clear());
  afterEach(() => learn_time(Date.now()));

  for (const days of [3, -40, 4000, -9000])
    it(`sends what is written now, and what waited: ${days} days`, async () => {
      vi.setSystemTime(real + days * day);
      say('one');
      say('two');
      say('elsewhere', 'c_2');
      await settle();
      const socket = await online();
      await serve(socket);
      say('three');
      await settle();
      await serve(socket);
      expect([...stored.values()].sort()).toEqual(['elsewhere', 'one', 'three', 'two']);
      const order = [...stored.values()].filter((body) => body !== 'elsewhere');
      expect(order).toEqual(['one', 'two', 'three']);
      expect(outbox.entries.value).toEqual([]);
      expect(store.kept.size).toBe(0);
      // Only one was refused for it: the rest of the lane had another key by then.
      expect(bodies(socket).filter((body) => body === 'two')).toEqual(['two']);
    });

  it('gives no new key to what was sent before and not answered', async () => {
    vi.setSystemTime(real + 3 * day);
    let socket = await online();
    say('perhaps stored');
    say('behind it');
    await settle();
    expect(bodies(socket)).toEqual(['perhaps stored']);
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('ok');
    await serve(socket);
    expect(words()).toEqual(['refused']);
    expect(outbox.entries.value[0]!.err?.outcome).toBe('unknown');
    expect([...stored.values()]).toEqual(['behind it']);
    expect(bodies(socket).filter((body) => body === 'perhaps stored').length).toBe(1);
  });

  it('nor to what a page that ended may have sent', async () => {
    vi.setSystemTime(real - 40 * day);
    await online();
    say('perhaps stored');
    // It ends before the answer, whether it had been sent or not.
    await settle();
    connection.stop();
    await page();
    const socket = await online();
    await serve(socket);
    expect(words()).toEqual(['refused']);
    expect(stored.size).toBe(0);
  });

  it('finds one of two when the page ended while a key was replaced', async () => {
    vi.setSystemTime(real + 3 * day);
    say('one');
    await settle();
    const remove = store.remove.bind(store);
    store.remove = () => Promise.resolve();
    const socket = await online();
    const first = socket.all('msg.send')[0]!;
    socket.refuse(first, refusal);
    await settle();
    socket.answer(socket.all('ping')[0]!, { t: real });
    await settle();
    expect(store.kept.size).toBe(2);
    connection.stop();
    store.remove = remove;
    vi.setSystemTime(real);
    await page();
    await settle();
    expect(outbox.entries.value.map((change) => change.replaces)).toEqual([first.cid]);
    expect(store.kept.size).toBe(1);
  });

  it('gives up where no key is right', async () => {
    const socket = await online();
    say('one');
    await settle();
    for (let i = 0; i < 10; i++) {
      const frame = socket.all('msg.send')[i];
      if (frame) socket.refuse(frame, refusal);
      await settle();
      const question = socket.all('ping')[i];
      if (question) socket.answer(question, { t: real });
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(words()).toEqual(['refused']);
    expect(socket.all('msg.send').length).toBe(4);
    expect(new Set(socket.all('msg.send').map((frame) => frame.cid)).size).toBe(4);
  });

  it('answers who asked', async () => {
    vi.setSystemTime(real + 3 * day);
    const socket = await online();
    const asked = outbox.ask('conv.create', { kind: 'room', name: 'x', priv: false });
    await settle();
    socket.refuse(socket.all('conv.create')[0]!, refusal);
    await settle();
    socket.answer(socket.all('ping')[0]!, { t: real });
    await vi.advanceTimersByTimeAsync(10);
    const again = socket.all('conv.create')[1]!;
    expect(Math.abs(time_of(again.cid!) - real)).toBeLessThan(60_000);
    socket.answer(again, { conv: 'c_7' });
    expect((await asked).d).toEqual({ conv: 'c_7' });
  });
});

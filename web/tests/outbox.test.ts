import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { Outbox, type Change } from '../src/protocol/outbox';
import { learn_time } from '../src/protocol/ulid';
import { handlers, machines, MemoryStore, settle, Sockets, type FakeSocket, type Frame } from './fake';

let sockets: Sockets;
let store: MemoryStore;
let outbox: Outbox;
let connection: Connection;
let done: string[];

async function page(): Promise<void> {
  sockets = new Sockets();
  connection = new Connection(
    {
      open: sockets.open,
      hello: () => ({ token: 't' }),
      resume: () => ({ lineage: 'ln_1', pos: 40 }),
      endpoints: machines,
    },
    {
      ...handlers(),
      on_unreadable: (end) => outbox.unreadable(end),
      on_hello: (answer) => outbox.bind(answer.d.lineage),
      on_ready: () => outbox.link_ready(),
    },
  );
  outbox = new Outbox(() => connection, store, {
    place_of: (lane) => `#${lane}`,
    on_done: (change) => done.push(`${change.op} ${(change.d as { body?: string }).body ?? ''}`.trim()),
    on_refused: () => {},
  });
  await outbox.open('u_1');
}

async function online(): Promise<FakeSocket> {
  connection.start();
  await vi.advanceTimersByTimeAsync(100);
  return sockets.greet('ok');
}

const say = (body: string, conv = 'c_1') => outbox.add('msg.send', { conv, body, fmt: 'md' }, conv, true);
const bodies = (socket: FakeSocket) => socket.all('msg.send').map((frame) => frame.d.body);
const sent = { mid: 'm_1', seq: 1, rev: 1, at: 1, replicas: 3 };
const words = () => outbox.entries.value.map((change: Change) => change.state);

async function answer(socket: FakeSocket, frame: Frame): Promise<void> {
  socket.answer(frame, sent);
  await settle();
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.setSystemTime(1_800_000_000_000);
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  store = new MemoryStore();
  done = [];
  await page();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('outbox', () => {
  it('stores a message on the device before it is sent, and forgets it after the answer', async () => {
    const socket = await online();
    say('one');
    expect(bodies(socket)).toEqual([]);
    expect(words()).toEqual(['saving']);
    await settle();
    expect(store.kept.size).toBe(1);
    expect(bodies(socket)).toEqual(['one']);
    expect(words()).toEqual(['confirming']);
    await answer(socket, socket.all('msg.send')[0]!);
    expect(store.kept.size).toBe(0);
    expect(outbox.entries.value).toEqual([]);
    expect(done).toEqual(['msg.send one']);
  });

  it('does not send what the device is still writing, whatever else goes on', async () => {
    const socket = await online();
    let written: () => void = () => {};
    const put = store.put.bind(store);
    store.put = () => new Promise((resolve) => (written = resolve));
    say('slow disk');
    store.put = put;
    say('quick', 'c_2');
    await settle();
    outbox.link_ready();
    await answer(socket, socket.all('msg.send')[0]!);
    expect(bodies(socket)).toEqual(['quick']);
    written();
    await settle();
    expect(bodies(socket)).toEqual(['quick', 'slow disk']);
  });

  it('sends one at a time in a conversation, in order, and others beside it', async () => {
    const socket = await online();
    say('a1');
    say('a2');
    say('b1', 'c_2');
    await settle();
    expect(bodies(socket)).toEqual(['a1', 'b1']);
    await answer(socket, socket.all('msg.send')[0]!);
    expect(bodies(socket)).toEqual(['a1', 'b1', 'a2']);
  });

  it('sends an unanswered message again elsewhere after 800 ms, with the same cid', async () => {
    const first = await online();
    say('once');
    await settle();
    await vi.advanceTimersByTimeAsync(799);
    expect(sockets.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(102);
    expect(sockets.all).toHaveLength(2);
    expect(words()).toEqual(['confirming']);
    const second = await sockets.greet('ok');
    await settle();
    expect(bodies(second)).toEqual(['once']);
    expect(second.all('msg.send')[0]!.cid).toBe(first.all('msg.send')[0]!.cid);
    await answer(second, second.all('msg.send')[0]!);
    expect(done).toEqual(['msg.send once']);
  });

  it('resends after a lost link before it sends the next one', async () => {
    const first = await online();
    say('one');
    say('two');
    await settle();
    first.die();
    await vi.advanceTimersByTimeAsync(100);
    const second = await sockets.greet('ok');
    expect(bodies(second)).toEqual(['one']);
    await answer(second, second.all('msg.send')[0]!);
    expect(bodies(second)).toEqual(['one', 'two']);
  });

  it('survives the page: queued and unanswered messages go out once each, in order, with their cids', async () => {
    const first = await online();
    const cids = ['one', 'two', 'three'].map((body) => say(body));
    await settle();
    expect(bodies(first)).toEqual(['one']);
    connection.stop();
    await page();
    expect(words()).toEqual(['confirming', 'waiting', 'waiting']);
    const socket = await online();
    for (let i = 0; i < 3; i++) await answer(socket, socket.all('msg.send')[i]!);
    expect(bodies(socket)).toEqual(['one', 'two', 'three']);
    expect(socket.all('msg.send').map((frame) => frame.cid)).toEqual(cids);
    expect(store.kept.size).toBe(0);
  });

  it('calls only a definite refusal refused, and lets the next message pass', async () => {
    const socket = await online();
    const cid = say('too much');
    say('next');
    await settle();
    socket.refuse(socket.all('msg.send')[0]!, { code: 'forbidden', retry: 'never', outcome: 'none' });
    await settle();
    expect(words()).toEqual(['refused', 'confirming']);
    expect(store.kept.get(cid)!.state).toBe('refused');
    expect(bodies(socket)).toEqual(['too much', 'next']);
    outbox.discard(cid);
    expect(store.kept.has(cid)).toBe(false);
  });

  it('tries again with the same cid after unavailable, as long as the server asks for', async () => {
    const socket = await online();
    say('patient');
    await settle();
    socket.refuse(socket.all('msg.send')[0]!, {
      code: 'unavailable',
      retry: 'same_cid',
      outcome: 'unknown',
      after_ms: 700,
    });
    await settle();
    expect(words()).toEqual(['confirming']);
    await vi.advanceTimersByTimeAsync(699);
    expect(socket.all('msg.send')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(socket.all('msg.send')).toHaveLength(2);
    expect(socket.all('msg.send')[1]!.cid).toBe(socket.all('msg.send')[0]!.cid);
    socket.refuse(socket.all('msg.send')[1]!, {
      code: 'rate_limited',
      retry: 'same_cid',
      outcome: 'none',
      after_ms: 100,
    });
    await settle();
    expect(words()).toEqual(['waiting']);
  });

  it('never calls refused what may have happened', async () => {
    const socket = await online();
    say('who knows');
    await settle();
    socket.refuse(socket.all('msg.send')[0]!, { code: 'internal', retry: 'never', outcome: 'unknown' });
    await settle();
    expect(words()).toEqual(['confirming']);
    await vi.advanceTimersByTimeAsync(201);
    expect(socket.all('msg.send')).toHaveLength(2);
  });

  it('waits longer each time that it is put off, and not at all at the next machine', async () => {
    const first = await online();
    say('patient');
    await settle();
    const put_off = { code: 'unavailable', retry: 'same_cid', outcome: 'none' };
    for (const [tries, pause] of [200, 400, 800].entries()) {
      first.refuse(first.all('msg.send')[tries]!, put_off);
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(first.all('msg.send')).toHaveLength(tries + 1);
      await vi.advanceTimersByTimeAsync(2);
      expect(first.all('msg.send')).toHaveLength(tries + 2);
    }
    first.refuse(first.all('msg.send')[3]!, { ...put_off, after_ms: 60_000 });
    await settle();
    first.die();
    await vi.advanceTimersByTimeAsync(100);
    expect(bodies(await sockets.greet('ok'))).toEqual(['patient']);
  });

  it('keeps what was put off by an expired sign-in, and sends it after the next one', async () => {
    const first = await online();
    say('later');
    await settle();
    first.refuse(first.all('msg.send')[0]!, { code: 'token_expired', retry: 'reauth', outcome: 'none' });
    await settle();
    expect(words()).toEqual(['waiting']);
    expect(store.kept.size).toBe(1);
    first.die();
    await vi.advanceTimersByTimeAsync(100);
    expect(bodies(await sockets.greet('ok'))).toEqual(['later']);
  });

  it('stays at the machine whose overdue answer comes before another one has greeted', async () => {
    const first = await online();
    say('slow');
    await settle();
    await vi.advanceTimersByTimeAsync(901);
    expect(sockets.all).toHaveLength(2);
    await answer(first, first.all('msg.send')[0]!);
    expect(sockets.last.closed).toBe(true);
    expect(connection.status.value.trouble_since).toBeUndefined();
    expect(done).toEqual(['msg.send slow']);
    say('next');
    await settle();
    expect(bodies(first)).toEqual(['slow', 'next']);
  });

  it('does not slip what was written for one history into another', async () => {
    say('for the old history');
    await settle();
    for (const change of store.kept.values()) change.lineage = 'ln_0';
    await page();
    const socket = await online();
    expect(words()).toEqual(['refused']);
    expect(bodies(socket)).toEqual([]);
  });

  it('keeps apart what was written for a history that was restored away, with its place, until it is discarded', async () => {
    const first = await online();
    const sent_once = say('on its way');
    say('behind it', 'c_2');
    await settle();
    outbox.replace('read', { conv: 'c_1', seq: 3 }, 'read:c_1');
    const asked = outbox.ask('conv.create', { kind: 'room', name: 'ops', priv: false });
    const told = asked.catch((why: Error) => why.message);
    expect(outbox.left_over.value).toEqual([]);
    first.die();
    await vi.advanceTimersByTimeAsync(100);
    const second = await sockets.greet('gone', 20, 'ln_2');
    await vi.advanceTimersByTimeAsync(5000);
    expect(second.sent.map((frame) => frame.op).filter((op) => op !== 'ping')).toEqual(['hello']);
    expect(await told).toContain('restored from a backup');
    expect(outbox.left_over.value.map(({ place, state }) => [place, state])).toEqual([
      ['#c_1', 'refused'],
      ['#c_2', 'refused'],
    ]);
    expect(store.kept.size).toBe(2);
    // What is written now belongs to the new history.
    say('new words');
    await settle();
    expect(bodies(second)).toEqual(['new words']);
    expect(outbox.left_over.value).toHaveLength(2);
    outbox.discard(sent_once);
    expect(outbox.left_over.value).toHaveLength(1);
    expect(store.kept.has(sent_once)).toBe(false);
  });

  it('holds it back too when the history was known before the device had been read', async () => {
    say('for the old history');
    await settle();
    for (const change of store.kept.values()) change.lineage = 'ln_0';
    const kept = await store.load();
    let deliver: (changes: Change[]) => void = () => {};
    store.load = () => Promise.resolve([]);
    await page();
    store.load = () => new Promise((resolve) => (deliver = resolve));
    const opening = outbox.open('u_1');
    const socket = await online();
    deliver(kept);
    await opening;
    await settle();
    expect(words()).toEqual(['refused']);
    expect(bodies(socket)).toEqual([]);
  });

  it('keeps the messages of one account from another', async () => {
    say('mine');
    await settle();
    outbox.close();
    await outbox.open('u_2');
    expect(outbox.entries.value).toEqual([]);
    await outbox.open('u_1');
    expect(outbox.entries.value).toHaveLength(1);
  });

  it('sends on when the device cannot keep a message', async () => {
    store.put = () => Promise.reject(new Error('disk full'));
    const socket = await online();
    say('anyway');
    await settle();
    expect(bodies(socket)).toEqual(['anyway']);
    expect(outbox.entries.value[0]!.durable).toBe(false);
  });

  it('sends on when the device does not answer', async () => {
    const socket = await online();
    store.put = () => new Promise(() => {});
    say('anyway');
    say('the next one');
    await vi.advanceTimersByTimeAsync(5100);
    expect(bodies(socket)).toEqual(['anyway']);
    await answer(socket, socket.all('msg.send')[0]!);
    expect(bodies(socket)).toEqual(['anyway', 'the next one']);
    expect(outbox.entries.value[0]!.durable).toBe(false);
  });

  it('keeps only the newest read mark behind the one on its way', async () => {
    const socket = await online();
    for (const seq of [3, 4, 5]) outbox.replace('read', { conv: 'c_1', seq }, 'read:c_1');
    await settle();
    expect(socket.all('read').map((frame) => frame.d.seq)).toEqual([3]);
    socket.answer(socket.all('read')[0]!, {});
    await settle();
    expect(socket.all('read').map((frame) => frame.d.seq)).toEqual([3, 5]);
  });

  it('answers who asked, over a change of machine', async () => {
    const first = await online();
    const room = outbox.ask('conv.create', { kind: 'room', name: 'ops', priv: false });
    await settle();
    first.die();
    await vi.advanceTimersByTimeAsync(100);
    const second = await sockets.greet('ok');
    second.answer(second.all('conv.create')[0]!, { conv: 'c_7' }, { dup: true });
    expect(await room).toMatchObject({ dup: true, d: { conv: 'c_7' } });
    expect(second.all('conv.create')[0]!.cid).toBe(first.all('conv.create')[0]!.cid);
  });

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
});

describe('what cannot be sent', () => {
  const half = 'cut \ud83d';
  const again = async (): Promise<FakeSocket> => {
    await vi.advanceTimersByTimeAsync(20_000);
    const socket = await sockets.greet('ok');
    await settle();
    return socket;
  };
  const ended = () => outbox.entries.value.filter((change) => change.state === 'refused');

  it('is made whole before it is kept or sent, wherever a text stands', async () => {
    const socket = await online();
    say(half);
    void outbox.ask('conv.create', { kind: 'room', name: 'ops', topic: '\udc00', priv: false });
    void connection.link!.request('users', { prefix: half });
    await settle();
    expect([...store.kept.values()].map((change) => (change.d as { body: string }).body)).toEqual(['cut \ufffd']);
    expect(bodies(socket)).toEqual(['cut \ufffd']);
    expect(socket.all('conv.create')[0]!.d.topic).toBe('\ufffd');
    expect(socket.all('users')[0]!.d.prefix).toBe('cut \ufffd');
    say('whole 🙂 \u0000');
    expect((outbox.entries.value.at(-1)!.d as { body: string }).body).toBe('whole 🙂 \u0000');
  });

  it('is made whole also when an earlier page has kept it as it was', async () => {
    say('x');
    await settle();
    const [kept] = store.kept.values();
    store.kept.set(kept!.cid, { ...kept!, d: { conv: 'c_1', body: half, fmt: 'md' } });
    await page();
    expect(bodies(await online())).toEqual(['cut \ufffd']);
  });

  it('ends when its frame is too large for the machine, and the next one goes', async () => {
    const first = await online();
    say('large');
    say('next');
    outbox.replace('read', { conv: 'c_1', seq: 3 }, 'read:c_1');
    await settle();
    first.answer(first.all('read')[0]!, {});
    await settle();
    first.die(1009);
    await settle();
    expect(ended().map((change) => change.err)).toMatchObject([{ code: 'too_large', outcome: 'none' }]);
    const second = await again();
    expect(bodies(second)).toEqual(['next']);
    // And so it stays after a reload.
    await page();
    expect(words()).toContain('refused');
  });

  it('is not sent when the frame is larger than the machine takes: that would end the link', async () => {
    const socket = await online();
    const topic = 'ä'.repeat(40_000);
    await expect(outbox.ask('conv.create', { kind: 'room', name: 'ops', topic, priv: false })).rejects.toThrow('large');
    await expect(connection.link!.request('users', { prefix: topic })).rejects.toThrow('large');
    say(topic);
    say('next');
    await settle();
    expect(ended().map((change) => change.err)).toMatchObject([{ code: 'too_large', outcome: 'none' }]);
    expect(socket.sent.map((frame) => frame.op)).toEqual(['hello', 'msg.send']);
    expect(bodies(socket)).toEqual(['next']);
  });

  it('is found among several by sending one at a time', async () => {
    for (const code of [1007, 1009, 4504]) {
      store.kept.clear();
      done = [];
      await page();
      let socket = await online();
      for (const [body, conv] of ['one', 'bad', 'two'].map((body, at) => [body, `c_${at + 1}`])) say(body!, conv);
      say('after bad', 'c_2');
      await settle();
      expect(bodies(socket)).toEqual(['one', 'bad', 'two']);
      socket.die(code);
      const all: unknown[] = [];
      for (let round = 0; round < 20 && outbox.entries.value.length > 1; round++) {
        if (connection.status.value.phase !== 'live') socket = await again();
        const open = socket.all('msg.send').filter((frame) => !all.includes(frame));
        expect(open.length).toBeLessThanOrEqual(ended().length > 0 ? 3 : 1);
        for (const frame of open) {
          all.push(frame);
          if (frame.d.body === 'bad') socket.die(code);
          else await answer(socket, frame);
        }
        await settle();
      }
      expect(done.sort()).toEqual(['msg.send after bad', 'msg.send one', 'msg.send two']);
      expect(ended().map((change) => (change.d as { body: string }).body)).toEqual(['bad']);
      expect(connection.status.value.phase).not.toBe('stopped');
      connection.stop();
    }
  });

  it('is what an error without a name means, when it is alone', async () => {
    const socket = await online();
    say('bad');
    say('next');
    await settle();
    socket.say({
      re: 0,
      ok: false,
      err: { code: 'bad_request', msg: 'not JSON', retry: 'after_fix', outcome: 'none' },
    });
    await settle();
    expect(ended()).toHaveLength(1);
    expect(bodies(socket)).toEqual(['bad', 'next']);
    await answer(socket, socket.all('msg.send')[1]!);
    expect(done).toEqual(['msg.send next']);
    // Nothing is on its way: it means nothing.
    socket.say({
      re: 0,
      ok: false,
      err: { code: 'bad_request', msg: 'not JSON', retry: 'after_fix', outcome: 'none' },
    });
    expect(connection.status.value.phase).toBe('live');
  });

  it('is looked for on another link when an error without a name may mean several', async () => {
    const first = await online();
    say('fine');
    say('bad', 'c_2');
    await settle();
    first.say({ re: 0, ok: false, err: { code: 'bad_request', msg: 'not JSON', retry: 'after_fix', outcome: 'none' } });
    const second = await again();
    expect(bodies(second)).toEqual(['fine']);
    await answer(second, second.all('msg.send')[0]!);
    expect(bodies(second)).toEqual(['fine', 'bad']);
    expect(words()).toEqual(['confirming']);
  });

  it('does not make the page go on when nothing of it was on its way', async () => {
    const socket = await online();
    socket.die(4504);
    await settle();
    expect(connection.status.value.phase).toBe('stopped');
  });

  it('ends as unknown when each link ends with it, and can be asked for again with its cid', async () => {
    let socket = await online();
    say('cursed');
    say('next');
    say('other', 'c_2');
    await settle();
    await answer(socket, socket.all('msg.send')[1]!);
    const cid = socket.all('msg.send')[0]!.cid;
    for (let deaths = 1; deaths <= 6; deaths++) {
      expect(words()[0]).toBe('confirming');
      socket.die(1006);
      socket = await again();
    }
    expect(ended().map((change) => change.err)).toMatchObject([{ outcome: 'unknown' }]);
    expect(bodies(socket)).toEqual(['next']);
    await answer(socket, socket.all('msg.send')[0]!);
    outbox.again(cid!);
    await settle();
    expect(socket.all('msg.send')[1]).toMatchObject({ cid, d: { body: 'cursed' } });
    await answer(socket, socket.all('msg.send')[1]!);
    expect(outbox.entries.value).toEqual([]);
  });

  it('is not what a few machines die of, one after the other', async () => {
    let socket = await online();
    say('unlucky');
    await settle();
    for (let deaths = 1; deaths <= 5; deaths++) {
      socket.die(1006);
      socket = await again();
    }
    await answer(socket, socket.all('msg.send')[0]!);
    expect(done).toEqual(['msg.send unlucky']);
  });

  it('is asked again on a link that lives and does not answer', async () => {
    const socket = await online();
    say('swallowed');
    await settle();
    const alive = setInterval(() => {
      const ping = socket.all('ping').at(-1);
      if (ping) socket.answer(ping, {});
    }, 100);
    await vi.advanceTimersByTimeAsync(20_100);
    clearInterval(alive);
    const asked = sockets.all.flatMap((one) => one.all('msg.send'));
    expect(asked.length).toBeGreaterThan(1);
    expect(new Set(asked.map((frame) => frame.cid)).size).toBe(1);
  });

  it('can be given up, and is stored after all when the answer says so', async () => {
    const socket = await online();
    say('slow');
    say('next');
    await settle();
    outbox.give_up(outbox.entries.value[0]!.cid);
    await settle();
    expect(ended().map((change) => change.err)).toMatchObject([{ outcome: 'unknown' }]);
    await answer(socket, socket.all('msg.send')[0]!);
    expect(done).toEqual(['msg.send slow']);
    expect(bodies(socket)).toEqual(['slow', 'next']);
  });
});

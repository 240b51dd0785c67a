import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { LinkLost } from '../src/protocol/frames';
import type { Dev } from '../src/protocol/types.gen';
import { handlers, machines, settle, Sockets, type FakeSocket } from './fake';

let sockets: Sockets;
let resume: { lineage: string; pos: number } | undefined;
let seen: Dev[];
let gaps: string[];
let signed_out: string[];

function connect(endpoints = machines, watched = false): Connection {
  const connection = new Connection(
    {
      ...{ open: sockets.open, hello: () => ({ token: 't' }), resume: () => resume && { ...resume }, endpoints },
      is_watched: () => watched,
    },
    {
      ...handlers(),
      on_hello: (answer) => (resume = { lineage: answer.d.lineage, pos: answer.pos }),
      on_durable: (events) => {
        seen.push(...events);
        resume!.pos = events.at(-1)!.pos;
      },
      on_gap: (why) => gaps.push(why),
      on_signed_out: (reason) => signed_out.push(reason),
    },
  );
  connection.start();
  return connection;
}

const event = (pos: number, prev: number): Dev => ({ ev: 'read', pos, prev, conv: 'c_1', d: { uid: 'u_2', seq: 1 } });

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(1_800_000_000_000);
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  sockets = new Sockets();
  resume = undefined;
  seen = [];
  gaps = [];
  signed_out = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('connection', () => {
  it('greets the first machine, with the token in hello and never in the address', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    expect(socket.url).toBe('ws://n1/ws');
    expect(socket.all('hello')[0]!.d).toMatchObject({ proto: [1], token: 't' });
    expect(socket.all('hello')[0]!.d).not.toHaveProperty('resume');
    expect(connection.status.value).toMatchObject({ phase: 'live', node: 'n1' });
    expect(connection.status.value.trouble_since).toBeUndefined();
  });

  it('goes to another machine at once, with resume, and says how long it took', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    first.say(event(43, 40));
    first.die();
    await vi.advanceTimersByTimeAsync(99);
    expect(sockets.all).toHaveLength(2);
    expect(sockets.last.url).not.toBe('ws://n1/ws');
    const second = await sockets.greet('ok');
    expect(second.all('hello')[0]!.d.resume).toEqual({ lineage: 'ln_1', pos: 43 });
    const { phase, moved } = connection.status.value;
    expect(phase).toBe('live');
    expect(moved).toMatchObject({ complete: true, took_ms: 99 });
  });

  it('asks every machine once a round and backs off to 15 s', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    await sockets.greet();
    sockets.last.die();
    const tries: number[] = [];
    const begun = Date.now();
    for (let i = 0; i < 600; i++) {
      const before = sockets.all.length;
      await vi.advanceTimersByTimeAsync(100);
      if (sockets.all.length > before) {
        tries.push(Date.now() - begun);
        sockets.last.die();
      }
    }
    const first_round = sockets.all.slice(1, 4).map((socket) => socket.url);
    expect(new Set(first_round).size).toBe(3);
    expect(first_round[2]).toBe('ws://n1/ws');
    const pauses = tries.slice(1).map((at, i) => at - tries[i]!);
    expect(Math.max(...pauses)).toBeGreaterThan(10_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_200);
    expect(connection.status.value.next_try_at).toBeGreaterThan(Date.now() - 1000);
    connection.try_now();
    const before = sockets.all.length;
    await vi.advanceTimersByTimeAsync(100);
    expect(sockets.all.length).toBe(before + 1);
  });

  it('gives up a machine that does not answer hello within two seconds', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    sockets.last.onopen?.();
    await vi.advanceTimersByTimeAsync(2100);
    expect(sockets.all).toHaveLength(2);
    expect(sockets.all[0]!.closed).toBe(true);
  });

  it('pings after 15 s of silence, looks elsewhere after 2 s more and leaves after 4', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    await vi.advanceTimersByTimeAsync(14_900);
    expect(socket.all('ping')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(socket.all('ping')).toHaveLength(1);
    socket.answer(socket.all('ping')[0]!, { t: 1 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(socket.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(12_200);
    expect(socket.closed).toBe(false);
    expect(sockets.all.length).toBe(2);
    await vi.advanceTimersByTimeAsync(2000);
    expect(socket.closed).toBe(true);
  });

  it('of a machine that hangs somebody who looks at the page is told within 5 s, and gets another one', async () => {
    const connection = connect(machines, true);
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(1000);
      for (const ping of socket.all('ping').slice(i > 0 ? -1 : 0)) socket.answer(ping, { t: 1 });
    }
    expect(socket.all('ping').length).toBeLessThanOrEqual(7);
    expect(sockets.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5100);
    expect(connection.status.value.trouble_since).toBeLessThanOrEqual(Date.now() - 2000);
    expect(sockets.all).toHaveLength(2);
    await sockets.greet('ok');
    expect(connection.status.value).toMatchObject({ phase: 'live', moved: { complete: true } });
    expect(socket.closed).toBe(true);
  });

  it('shows that it is alive while only the other side talks', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(5000);
      socket.say({ ev: 'presence', d: { uid: 'u_2', state: 'online' } });
    }
    expect(socket.all('ping')).toHaveLength(1);
  });

  it('says nothing more while the other side closes; what is asked then is told that the link was lost', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    socket.say(event(41, 40));
    const sent = socket.sent.length;
    socket.closes();
    const asked = connection.link!.request('ping', {}).catch((why: Error) => why);
    // The acknowledgement is due, too.
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.sent).toHaveLength(sent);
    socket.die(4003);
    expect(await asked).toBeInstanceOf(LinkLost);
  });

  it('reports a hole in prev, and acknowledges what it handed on', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    socket.say({ evs: [event(41, 40), event(44, 41)] });
    expect(gaps).toEqual([]);
    socket.say(event(47, 45));
    expect(gaps).toEqual(['hole']);
    expect(seen.map((one) => one.pos)).toEqual([41, 44, 47]);
    await vi.advanceTimersByTimeAsync(100);
    expect(socket.all('ack').at(-1)!.d).toEqual({ pos: 47 });
    socket.say({ ev: 'reset', d: { reason: 'retention' } });
    expect(gaps).toEqual(['hole', 'reset']);
  });

  it('keeps a link in doubt until another machine has greeted, then leaves it', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    const lost = first && connection.link!.request('history', { conv: 'c_1' });
    const outcome = lost.then(
      () => 'answered',
      () => 'lost',
    );
    connection.doubt(Date.now() - 800);
    await vi.advanceTimersByTimeAsync(100);
    expect(first.closed).toBe(false);
    expect(connection.status.value.phase).toBe('live');
    first.say(event(42, 40));
    expect(seen).toHaveLength(1);
    const second = await sockets.greet('ok');
    expect(first.closed).toBe(true);
    expect(await outcome).toBe('lost');
    // The old link is not listened to any more; the new one started where it was asked to.
    second.say(event(42, 40));
    expect(gaps).toEqual([]);
    expect(connection.status.value).toMatchObject({ phase: 'live' });
  });

  it('stays where it is when the overdue answer comes after all', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    connection.doubt(Date.now() - 800);
    await vi.advanceTimersByTimeAsync(100);
    connection.trust();
    expect(sockets.last.closed).toBe(true);
    expect(first.closed).toBe(false);
    expect(connection.status.value.trouble_since).toBeUndefined();
    await vi.advanceTimersByTimeAsync(3000);
    expect(sockets.all).toHaveLength(2);
  });

  it('in doubt with nobody else to go to, it is in trouble until the machine gives a sign of life', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    const begun = Date.now() - 800;
    connection.doubt(begun);
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(100);
      if (sockets.last !== first) sockets.last.die();
    }
    expect(connection.status.value).toMatchObject({ phase: 'live', trouble_since: begun });
    first.answer(first.all('ping')[0]!, { t: 1 });
    await settle();
    expect(connection.status.value.trouble_since).toBeUndefined();
    connection.doubt(Date.now());
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(100);
      if (!sockets.last.closed) sockets.last.die();
    }
    await vi.advanceTimersByTimeAsync(4000);
    expect(first.closed).toBe(true);
    expect(connection.status.value.phase).toBe('trying');
  });

  it('moves before a draining machine closes, to one that it prefers', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    first.say({ ev: 'bye', d: { code: 4001, reason: 'draining', reconnect: true, within_ms: 10000, prefer: ['n3'] } });
    await vi.advanceTimersByTimeAsync(100);
    expect(sockets.last.url).toBe('ws://n3/ws');
    expect(first.closed).toBe(false);
  });

  it('goes on leaving a draining machine also when that one answers meanwhile', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const first = await sockets.greet();
    first.say({ ev: 'bye', d: { code: 4001, reason: 'draining', reconnect: true, within_ms: 10000, prefer: ['n2'] } });
    connection.trust();
    await vi.advanceTimersByTimeAsync(100);
    connection.trust();
    expect(sockets.last.url).toBe('ws://n2/ws');
    const second = await sockets.greet('ok');
    expect(first.closed).toBe(true);
    expect(second.closed).toBe(false);
    expect(connection.status.value).toMatchObject({ phase: 'live', node: 'n2', moved: { to: 'n2', complete: true } });
    // At the new machine an overdue answer is a reason to stay again.
    connection.doubt(Date.now());
    await vi.advanceTimersByTimeAsync(100);
    connection.trust();
    expect(connection.status.value.trouble_since).toBeUndefined();
  });

  it('does not move when a machine says goodbye for good', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    (await sockets.greet()).say({ ev: 'bye', d: { code: 4502, reason: 'revoked', reconnect: false } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(sockets.all).toHaveLength(1);
  });

  it('signs out when the token is refused, and does not come back by itself', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = sockets.last;
    socket.onopen?.();
    socket.refuse(socket.all('hello')[0]!, { code: 'unauthenticated', retry: 'reauth' });
    await settle();
    expect(signed_out).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(1);
    expect(connection.status.value.phase).toBe('stopped');
  });

  it('comes back by itself when no machine serves, and tells that from machines that are not there', async () => {
    const connection = connect();
    const round = async (each: (socket: FakeSocket) => void) => {
      for (const after = sockets.all.length + 3; sockets.all.length < after;) {
        const before = sockets.all.length;
        await vi.advanceTimersByTimeAsync(100);
        if (sockets.all.length === before) continue;
        each(sockets.last);
        await settle();
      }
      await vi.advanceTimersByTimeAsync(100);
    };
    const refuses = (socket: FakeSocket) => {
      socket.onopen?.();
      socket.refuse(socket.all('hello')[0]!, { code: 'unavailable', retry: 'same_cid' });
      socket.die(4004);
    };
    await round(refuses);
    expect(connection.status.value).toMatchObject({ phase: 'trying', answered: true });
    await round((socket) => socket.die());
    expect(connection.status.value).toMatchObject({ phase: 'trying', answered: false });
    await round((socket) => (socket.url === machines[1]!.url ? refuses(socket) : socket.die()));
    expect(connection.status.value).toMatchObject({ phase: 'trying', answered: true });
    const before = sockets.all.length;
    await vi.advanceTimersByTimeAsync(2000);
    expect(sockets.all.length).toBeGreaterThan(before);
    await sockets.greet();
    expect(connection.status.value.phase).toBe('live');
    expect(connection.status.value.answered).toBeUndefined();
    expect(signed_out).toEqual([]);
  });

  it('asks again every 1 to 2 s while a machine answers, whatever the back-off was, and whoever has no power', async () => {
    connect();
    const asked: number[] = [];
    const go_on = async (ms: number, then: (socket: FakeSocket) => void) => {
      for (const until = Date.now() + ms; Date.now() < until;) {
        const before = sockets.all.length;
        await vi.advanceTimersByTimeAsync(50);
        if (sockets.all.length > before) then(sockets.last);
        await settle();
      }
    };
    await go_on(90_000, (socket) => socket.die());
    // The second machine is back and cannot serve; the others take no connection and refuse none.
    await go_on(60_000, (socket) => {
      if (socket.url !== machines[1]!.url) return;
      asked.push(Date.now());
      socket.onopen?.();
      socket.refuse(socket.all('hello')[0]!, { code: 'unavailable', retry: 'same_cid' });
      socket.die(4004);
    });
    const pauses = asked.slice(2).map((at, i) => at - asked[i + 1]!);
    expect(Math.max(...pauses)).toBeLessThan(2 * 2000 + 2000 + 4 * 100);
    asked.length = 0;
    await go_on(60_000, (socket) => {
      if (socket.url === machines[0]!.url) asked.push(Date.now());
      socket.onopen?.();
      socket.refuse(socket.all('hello')[0]!, { code: 'unavailable', retry: 'same_cid' });
      socket.die(4004);
    });
    const rounds = asked.slice(2).map((at, i) => at - asked[i + 1]!);
    expect(Math.min(...rounds)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...rounds)).toBeLessThan(2400);
  });

  it('comes back after 4003 and stops after 4504', async () => {
    const connection = connect();
    await vi.advanceTimersByTimeAsync(100);
    (await sockets.greet()).die(4003);
    await vi.advanceTimersByTimeAsync(100);
    expect(sockets.all).toHaveLength(2);
    (await sockets.greet('ok')).die(4504);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(2);
    expect(connection.status.value).toMatchObject({ phase: 'stopped', stop: { code: 4504 } });
    expect(signed_out).toEqual([]);
  });

  it('asks machines that left the chain when none of the present ones answers', async () => {
    connect();
    await vi.advanceTimersByTimeAsync(100);
    const socket = await sockets.greet();
    socket.say({ ev: 'cluster', d: { state: 'degraded', replicas: 1, want: 3, endpoints: [machines[0]] } });
    socket.die();
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(100);
      if (i < 2) sockets.last.die();
    }
    expect(new Set(sockets.all.map((one) => one.url)).size).toBe(3);
  });
});

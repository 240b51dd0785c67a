import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { Outbox } from '../src/protocol/outbox';
import { Chat } from '../src/state/chat';
import { most_rows, newest, with_event, with_newer, with_older } from '../src/state/window';
import type { Dev, Message } from '../src/protocol/types.gen';
import { handlers, machines, MemoryStore, settle, Sockets, type FakeSocket } from './fake';

const message = (seq: number, rev = seq): Message => ({
  seq,
  mid: `m_${seq}`,
  rev,
  uid: 'u_2',
  at: 1000 * seq,
  body: `text ${seq}`,
  fmt: 'md',
});
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
const fresh = (seq: number, rev: number, pos = 100 + rev, prev = pos - 1): Dev => ({
  ev: 'msg.new',
  pos,
  prev,
  conv: 'c_1',
  rev,
  d: { ...message(seq) },
});
const change = (ev: 'msg.edit' | 'msg.delete', seq: number, rev: number): Dev => ({
  ...{ ev, pos: 100 + rev, prev: 99 + rev, conv: 'c_1', rev },
  d: { mid: `m_${seq}`, body: 'changed', at: 1, by: 'u_2' },
});

describe('window', () => {
  it('follows events by rev, once, and asks for a new page after a missed one', () => {
    let window = newest({ msgs: run(1, 3), rev: 3, more: false });
    window = with_event(window, fresh(4, 4))!;
    expect(window.msgs.map((msg) => msg.seq)).toEqual([1, 2, 3, 4]);
    expect(with_event(window, fresh(4, 4))).toBe(window);
    expect(with_event(window, fresh(6, 6))).toBeUndefined();
    // What was missed may be an edit: then no message is missing.
    expect(with_event(window, fresh(5, 6))).toBeUndefined();
    expect(with_event(window, change('msg.edit', 2, 6))).toBeUndefined();
    window = with_event(window, change('msg.edit', 2, 5))!;
    expect(window.msgs[1]).toMatchObject({ body: 'changed', edited: true });
    window = with_event(window, change('msg.delete', 2, 6))!;
    expect(window.msgs[1]).toMatchObject({ seq: 2, body: '', deleted: true });
  });

  it('never holds more than its limit, and knows at which end more can be fetched', () => {
    let window = newest({ msgs: run(401, 800), rev: 800, more: true });
    window = with_older(window, { msgs: run(341, 400), rev: 800, more: true });
    expect(window.msgs).toHaveLength(most_rows);
    expect(window).toMatchObject({ has_older: true, has_newer: true });
    expect(window.msgs.at(-1)!.seq).toBe(740);
    window = with_newer(window, { msgs: run(741, 800), rev: 800, more: false });
    expect(window.msgs.map((msg) => msg.seq)).toEqual(run(401, 800).map((msg) => msg.seq));
    expect(window.has_newer).toBe(false);
  });
});

describe('chat', () => {
  let sockets: Sockets;
  let chat: Chat;
  let outbox: Outbox;
  let connection: Connection;
  let socket: FakeSocket;
  const row = { conv: 'c_1', kind: 'room', name: 'ops', priv: false, mentions: 0, last: null };

  const serve = async (seq: number, rev = seq) => {
    for (const frame of socket.all('sync').slice(-1)) {
      const convs = [{ ...row, seq, rev, read: 0, unread: seq }];
      socket.answer(frame, { convs, users: [{ uid: 'u_2', name: 'bob' }], next: null });
    }
    await settle();
  };
  const page = async (msgs: Message[], rev: number, more = false) => {
    socket.answer(socket.all('history').at(-1)!, { msgs, rev, more });
    await settle();
  };
  const seqs = () => chat.view('c_1').value.window?.msgs.map((msg) => msg.seq);

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    sockets = new Sockets();
    connection = new Connection(
      { open: sockets.open, hello: () => ({ token: 't' }), resume: () => chat.resume(), endpoints: machines },
      {
        ...handlers(),
        on_hello: (answer) => chat.on_hello(answer),
        on_durable: (events) => chat.on_durable(events),
        on_gap: () => chat.on_gap(),
        on_ready: () => chat.on_ready(),
      },
    );
    outbox = new Outbox(() => connection, new MemoryStore(), {
      place_of: (lane) => chat.place_of(lane),
      on_done: (done, answer) => chat.on_done(done, answer),
      on_refused: () => {},
    });
    chat = new Chat(
      () => connection,
      () => outbox,
    );
    await outbox.open('u_1');
    connection.start();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('new', 40);
    chat.open('c_1');
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('applies an event that comes while its page is on the way, once', async () => {
    await serve(2);
    socket.say(fresh(3, 3, 41, 40));
    await page(run(1, 2), 2);
    expect(seqs()).toEqual([1, 2, 3]);
    expect(chat.convs.value.get('c_1')).toMatchObject({ seq: 3, unread: 3 });
    socket.say(fresh(3, 3, 41, 41));
    expect(seqs()).toEqual([1, 2, 3]);
  });

  it('resumes where it stood; after gone it fetches everything anew', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    socket.say(fresh(3, 3, 41, 40));
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    expect(sockets.last.url).not.toBe(socket.url);
    socket = await sockets.greet('ok');
    expect(socket.all('hello')[0]!.d.resume).toEqual({ lineage: 'ln_1', pos: 41 });
    expect(socket.all('sync')).toHaveLength(0);
    expect(seqs()).toEqual([1, 2, 3]);
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('gone', 90);
    await serve(9);
    await page(run(1, 9), 9);
    expect(seqs()).toHaveLength(9);
  });

  it('forgets what it knew when the history is another one, also counters that were higher', async () => {
    await serve(9);
    await page(run(1, 9), 9);
    chat.seen('c_1', 9);
    chat.stored_on.set('m_9', 3);
    socket.say({ ev: 'delivered', pos: 41, prev: 40, conv: 'c_1', d: { uid: 'u_2', seq: 9 } });
    outbox.add('msg.send', { conv: 'c_1', body: 'ten', fmt: 'md' }, 'c_1', true);
    await settle();
    socket.answer(socket.all('msg.send')[0]!, { mid: 'm_10', seq: 11, rev: 11, at: 1, replicas: 3 });
    await settle();
    expect(chat.settled.value.size).toBe(1);
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('gone', 20, 'ln_2');
    expect(chat.convs.value.size).toBe(0);
    expect(chat.loaded.value).toBe(false);
    expect(chat.settled.value.size).toBe(0);
    expect(chat.stored_on.size).toBe(0);
    expect(chat.view('c_1').value.marks.size).toBe(0);
    expect(chat.name_of('u_2')).toBe('u_2');
    await serve(2);
    await page(run(1, 2), 2);
    expect(chat.convs.value.get('c_1')).toMatchObject({ seq: 2, read: 0 });
    expect(seqs()).toEqual([1, 2]);
    // The next link stands in the new history.
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('ok');
    expect(socket.all('hello')[0]!.d.resume).toEqual({ lineage: 'ln_2', pos: 20 });
  });

  it('keeps the higher counters when only the place in the same history was lost', async () => {
    await serve(9);
    socket.die();
    await vi.advanceTimersByTimeAsync(100);
    socket = await sockets.greet('gone', 90);
    expect(chat.convs.value.size).toBe(1);
    expect(chat.name_of('u_2')).toBe('bob');
    await serve(2);
    expect(chat.convs.value.get('c_1')).toMatchObject({ seq: 9 });
  });

  it('fetches anew after a hole in the events', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    socket.say(fresh(9, 9, 60, 58));
    await settle();
    await serve(9);
    await page(run(1, 9), 9);
    expect(seqs()).toHaveLength(9);
  });

  it('trusts nothing that it holds after a reset, and offers no place to resume from until it has fetched it', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    void chat.load_older('c_1');
    const before = socket.all('history').at(-1)!;
    socket.say({ ev: 'reset', d: { reason: 'retention' } });
    await settle();
    expect(chat.resume()).toBeUndefined();
    expect(seqs()).toBeUndefined();
    // A page that was asked for before the reset comes too late.
    socket.answer(before, { msgs: run(1, 1), rev: 2, more: true });
    await settle();
    expect(seqs()).toBeUndefined();
    await serve(3);
    await page(run(1, 3), 3);
    expect(seqs()).toEqual([1, 2, 3]);
    expect(chat.resume()).toMatchObject({ lineage: 'ln_1' });
  });

  it('applies an event once, also one that adds up', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    const joined = { ev: 'conv.member', conv: 'c_1', d: { uid: 'u_9', on: true, user: { uid: 'u_9', name: 'zoe' } } };
    chat.convs.value = new Map([['c_1', { ...chat.convs.value.get('c_1')!, members: 2 }]]);
    socket.say({ ...joined, pos: 41, prev: 40 });
    socket.say({ ...joined, pos: 41, prev: 41 });
    expect(chat.convs.value.get('c_1')).toMatchObject({ members: 3 });
  });

  it('shows its own message whether the answer or the event comes first', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    outbox.add('msg.send', { conv: 'c_1', body: 'text 3', fmt: 'md' }, 'c_1', true);
    await settle();
    const event = fresh(3, 3, 41, 40);
    event.d = { ...event.d, uid: 'u_1' };
    socket.answer(socket.all('msg.send')[0]!, { mid: 'm_3', seq: 3, rev: 3, at: 3000, replicas: 3 });
    await settle();
    expect([...chat.settled.value.keys()]).toEqual(['m_3']);
    expect(chat.stored_on.get('m_3')).toBe(3);
    socket.say(event);
    expect(chat.settled.value.size).toBe(0);
    expect(seqs()).toEqual([1, 2, 3]);
    expect(chat.convs.value.get('c_1')).toMatchObject({ seq: 3, read: 3 });
  });

  it('raises marks, also those that come together, and never lowers them', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    socket.say({
      ev: 'delivered',
      pos: 41,
      prev: 40,
      conv: 'c_1',
      d: { uid: 'u_2', seq: 2, more: [{ conv: 'c_1', uid: 'u_3', seq: 1 }] },
    });
    socket.say({ ev: 'read', pos: 42, prev: 41, conv: 'c_1', d: { uid: 'u_2', seq: 1 } });
    expect(chat.view('c_1').value.marks.get('u_2')).toEqual({ delivered: 2, read: 1 });
    expect(chat.view('c_1').value.marks.get('u_3')).toEqual({ delivered: 1, read: 0 });
  });

  it('knows what is read: told to the chain, told by another of my pages, and what I wrote there', async () => {
    await serve(4);
    await page(run(1, 4), 4);
    expect(chat.unread_total.value).toBe(4);
    chat.seen('c_1', 2);
    await settle();
    expect(socket.all('read').map((frame) => frame.d)).toEqual([{ conv: 'c_1', seq: 2 }]);
    expect(chat.unread_total.value).toBe(2);
    chat.seen('c_1', 1);
    socket.say({ ev: 'read', pos: 41, prev: 40, conv: 'c_1', d: { uid: 'u_1', seq: 3 } });
    socket.say({ ev: 'read', pos: 42, prev: 41, conv: 'c_1', d: { uid: 'u_2', seq: 4 } });
    expect(chat.unread_total.value).toBe(1);
    const mine = fresh(5, 5, 43, 42);
    socket.say({ ...mine, d: { ...mine.d, uid: 'u_1' } });
    expect(chat.unread_total.value).toBe(0);
    socket.say(fresh(6, 6, 44, 43));
    expect(chat.unread_total.value).toBe(1);
  });

  it('takes new rooms, people and members from their events, without fetching the list again', async () => {
    await serve(2);
    await page(run(1, 2), 2);
    socket.say({ ev: 'user.update', pos: 41, prev: 40, d: { uid: 'u_9', name: 'zoe' } });
    socket.say({
      ev: 'conv.new',
      pos: 42,
      prev: 41,
      conv: 'c_8',
      d: { ...row, conv: 'c_8', name: 'new', member: false, members: 1, seq: 0, rev: 0, read: 0, unread: 0 },
    });
    socket.say({
      ev: 'conv.member',
      pos: 43,
      prev: 42,
      conv: 'c_8',
      d: { uid: 'u_9', on: true, user: { uid: 'u_9', name: 'zoe' } },
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(chat.name_of('u_9')).toBe('zoe');
    expect(chat.convs.value.get('c_8')).toMatchObject({ name: 'new', member: false, members: 2 });
    expect(socket.all('sync')).toHaveLength(1);
    socket.say({ ev: 'conv.member', pos: 44, prev: 43, conv: 'c_8', d: { uid: 'u_1', on: true } });
    await vi.advanceTimersByTimeAsync(100);
    expect(socket.all('sync')).toHaveLength(2);
    // While that list is on its way, another room appears, and one changes.
    socket.say({
      ev: 'conv.new',
      pos: 45,
      prev: 44,
      conv: 'c_9',
      d: { ...row, conv: 'c_9', name: 'newer', member: false, members: 1, seq: 0, rev: 0, read: 0, unread: 0 },
    });
    socket.say({ ev: 'conv.update', pos: 46, prev: 45, conv: 'c_8', d: {} });
    await vi.advanceTimersByTimeAsync(100);
    await serve(2);
    expect([...chat.convs.value.keys()]).toEqual(['c_1', 'c_9']);
    await vi.advanceTimersByTimeAsync(100);
    expect(socket.all('sync')).toHaveLength(3);
  });

  it('fetches a list in pages', async () => {
    socket.answer(socket.all('sync')[0]!, {
      convs: [{ ...row, seq: 1, rev: 1, read: 0, unread: 1 }],
      users: [],
      next: 'p2',
    });
    await settle();
    expect(socket.all('sync')[1]!.d).toMatchObject({ next: 'p2' });
    socket.answer(socket.all('sync')[1]!, {
      convs: [{ ...row, conv: 'c_2', name: 'art', seq: 1, rev: 1, read: 1, unread: 0 }],
      users: [],
    });
    await settle();
    expect([...chat.convs.value.keys()]).toEqual(['c_1', 'c_2']);
    expect(chat.unread_total.value).toBe(1);
  });
});

import { describe, expect, it, vi } from 'vitest';
import type { Change } from '../src/protocol/outbox';
import { settle } from './fake';
import { sockets, store, outbox, connection, done, page, online, say, bodies, words, answer } from './outbox_page';

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
    expect(await told).toContain('another history');
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

  it('sends on when the device does not answer any more', async () => {
    say('kept, and not noted');
    await settle();
    expect(words()).toEqual(['waiting']);
    store.put = () => new Promise(() => {});
    const socket = await online();
    expect(bodies(socket)).toEqual([]);
    await vi.advanceTimersByTimeAsync(5100);
    expect(sockets.all.flatMap(bodies)).toEqual(['kept, and not noted']);
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
});

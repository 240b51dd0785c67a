import { describe, expect, it, vi } from 'vitest';
import { settle, type FakeSocket } from './fake';
import { sockets, store, outbox, connection, done, page, online, say, bodies, words, answer } from './outbox_page';

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
    expect(outbox.entries.value.map((change) => (change.d as { body: string }).body)).toEqual(['cut \ufffd']);
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
      done.length = 0;
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

  it('takes nothing with it that was on its way beside it, or is written meanwhile', async () => {
    let socket = await online();
    say('cursed');
    say('fine', 'c_2');
    say('too', 'c_3');
    await settle();
    expect(bodies(socket)).toEqual(['cursed', 'fine', 'too']);
    for (let round = 0; round < 12 && done.length < 3; round++) {
      const frames = socket.all('msg.send');
      if (frames.length === 1 && frames[0]!.d.body === 'cursed' && outbox.entries.value.length === 3) {
        // It goes alone by now: what is written waits for what becomes of it.
        say('fresh', 'c_4');
        await settle();
        expect(bodies(socket)).toEqual(['cursed']);
      }
      if (frames.some((frame) => frame.d.body === 'cursed')) {
        socket.die(1006);
        socket = await again();
      }
      for (let seen = 0; seen < socket.all('msg.send').length; seen++) {
        const frame = socket.all('msg.send')[seen]!;
        if (frame.d.body === 'cursed' || socket.all('msg.send')[0]!.d.body === 'cursed') break;
        await answer(socket, frame);
      }
    }
    expect(ended().map((change) => (change.d as { body: string }).body)).toEqual(['cursed']);
    expect(done.sort()).toEqual(['msg.send fine', 'msg.send fresh', 'msg.send too']);
  });

  it('lets nothing go beside it once links have ended with it', async () => {
    let socket = await online();
    say('cursed');
    await settle();
    for (let deaths = 1; deaths <= 3; deaths++) {
      socket.die(1006);
      socket = await again();
    }
    say('fresh', 'c_2');
    await settle();
    expect(bodies(socket)).toEqual(['cursed']);
    await answer(socket, socket.all('msg.send')[0]!);
    expect(bodies(socket)).toEqual(['cursed', 'fresh']);
  });

  it('begins anew with each answer: only deaths without one count', async () => {
    let socket = await online();
    say('unlucky');
    await settle();
    for (let deaths = 1; deaths <= 10; deaths++) {
      if (deaths === 6) {
        socket.refuse(socket.all('msg.send').at(-1)!, { code: 'unavailable', retry: 'same_cid', after_ms: 100 });
        await vi.advanceTimersByTimeAsync(150);
      }
      socket.die(1006);
      socket = await again();
    }
    await answer(socket, socket.all('msg.send')[0]!);
    expect(done).toEqual(['msg.send unlucky']);
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

  it('stays given up when the answer is that it should be tried again', async () => {
    const socket = await online();
    say('slow');
    await settle();
    outbox.give_up(outbox.entries.value[0]!.cid);
    await settle();
    socket.refuse(socket.all('msg.send')[0]!, { code: 'unavailable', retry: 'same_cid', after_ms: 100 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(ended().map((change) => change.err)).toMatchObject([{ outcome: 'unknown', code: 'timeout' }]);
    expect(bodies(socket)).toEqual(['slow']);
  });
});

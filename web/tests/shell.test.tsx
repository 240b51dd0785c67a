import { describe, expect, it, vi } from 'vitest';
import { edit_message } from '../src/state/compose';
import { kept_drafts, kept_lineage, kept_session, kept_theme } from '../src/state/device';
import { editing, open_dialog, returned_text, write_in } from '../src/ui/context';
import { day_words } from '../src/ui/parts';
import { go, route } from '../src/ui/route';
import { machines } from './fake';
import {
  sockets,
  app,
  box,
  socket,
  room,
  drawn,
  find,
  button,
  enter,
  send,
  ask_for_room,
  signed_in,
  in_box,
  greeted,
} from './shell_page';

describe('page', () => {
  it('stays under the dialog while a room is made, then goes there with the focus in the box', async () => {
    await signed_in([]);
    await ask_for_room('ops');
    // The event overtakes the answer.
    socket.say({ ev: 'conv.new', pos: 41, prev: 40, conv: 'c_1', d: room });
    await drawn();
    expect(box.querySelector('.rail')!.textContent).toContain('ops');
    expect(route.value).toEqual({ page: 'home' });
    expect(find('#composer-text')).toBeNull();
    socket.answer(socket.all('conv.create')[0]!, { conv: 'c_1' });
    await drawn();
    expect(find('dialog')).toBeNull();
    expect(find('h1')!.textContent).toContain('ops');
    expect(document.activeElement?.id).toBe('composer-text');
  });

  it('puts the focus into the box also when the answer comes first', async () => {
    await signed_in([]);
    await ask_for_room('ops');
    socket.answer(socket.all('conv.create')[0]!, { conv: 'c_1' });
    await drawn();
    expect(find('#composer-text')).toBeNull();
    socket.say({ ev: 'conv.new', pos: 41, prev: 40, conv: 'c_1', d: room });
    await drawn();
    expect(document.activeElement?.id).toBe('composer-text');
  });

  it('says that the history is another one, and shows what was not sent apart from the rooms', async () => {
    await signed_in([room]);
    await send('never sent');
    expect(find('.log')!.textContent).toContain('never sent');
    expect(box.textContent).not.toContain('another history');
    editing.value = { conv: 'c_1', mid: 'm_1', body: 'of the old history' };
    socket.die();
    await drawn();
    await greeted('gone', 20, 'ln_2');
    await drawn();
    expect(find('.log')).toBeNull();
    // The same id, another room.
    socket.answer(socket.all('sync')[0]!, { convs: [{ ...room, name: 'art' }], users: [], next: null });
    await drawn();
    expect(editing.value).toBeUndefined();
    expect(find('.band')!.textContent).toContain('The chain goes on with another history.');
    expect(find('.band')!.textContent).toContain('One thing you wrote in the old one was not sent.');
    expect(find('.log')!.textContent).not.toContain('never sent');
    expect(socket.all('msg.send')).toEqual([]);
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('A message for #ops');
    expect(find('dialog')!.textContent).toContain('never sent');
    button('Put into the box of #art').click();
    await drawn();
    expect(find('dialog')).toBeNull();
    expect((find('#composer-text') as HTMLTextAreaElement).value).toBe('never sent');
    button('Close').click();
    await drawn();
    expect(find('.band')).toBeNull();
    // Another page of this device knows the new history.
    expect(kept_lineage.get()).toBe('ln_2');
  });

  it('lets what was not sent be put off, taken up or discarded all at once', async () => {
    await signed_in([room]);
    const lose_three = async (lineage: string) => {
      for (const text of ['one', 'two', 'three']) await send(text);
      socket.die();
      await drawn();
      await greeted('gone', 20, lineage);
      await drawn();
      socket.answer(socket.all('sync')[0]!, { convs: [room], users: [], next: null });
      await drawn();
    };
    await lose_three('ln_2');
    button('Later').click();
    await drawn();
    expect(find('.band')).toBeNull();
    button('3 not sent').click();
    await drawn();
    button('Put all into the box of #ops').click();
    await drawn();
    expect([find('dialog'), in_box(), button('3 not sent')]).toEqual([null, 'one\n\ntwo\n\nthree', undefined]);
    enter('#composer-text', '');
    await lose_three('ln_3');
    button('Look at them').click();
    await drawn();
    button('Discard all').click();
    await drawn();
    expect(app.unplaced.value).toHaveLength(3);
    button('Discard 3 for good').click();
    await drawn();
    expect([find('dialog'), app.unplaced.value]).toEqual([null, []]);
  });

  it('notices on a fresh page that the device knew another history, and only then', async () => {
    await signed_in([room]);
    expect(app.restored.value).toBe(false);
    app.leave('');
    kept_lineage.set('ln_0');
    await signed_in([room]);
    expect(app.restored.value).toBe(true);
    expect(find('.band')!.textContent).toContain('The chain goes on with another history.');
  });

  it('shows a refused text with its reason, and gives it back', async () => {
    await signed_in([room]);
    await send('too much');
    socket.refuse(socket.all('msg.send')[0]!, { code: 'forbidden', msg: 'no', retry: 'never', outcome: 'none' });
    await drawn();
    expect(find('.log .refused')!.textContent).toContain('Not sent. You may not do that here.');
    enter('#composer-text', 'begun');
    button('Edit').click();
    await drawn();
    expect(find('.log .refused')).toBeNull();
    expect((find('#composer-text') as HTMLTextAreaElement).value).toBe('too much\nbegun');
  });

  it('shows that a change or a deletion was refused, at its message', async () => {
    await signed_in([{ ...room, seq: 1, rev: 1, read: 1 }]);
    const msg = { seq: 1, mid: 'm_1', rev: 1, uid: 'u_1', at: Date.now(), body: 'mine', fmt: 'md' };
    socket.answer(socket.all('history')[0]!, { msgs: [msg], rev: 1, more: false });
    await drawn();
    edit_message(app.outbox, 'c_1', msg, 'better');
    await drawn();
    expect(find('article')!.textContent).toContain('better');
    socket.refuse(socket.all('msg.edit')[0]!, { code: 'not_found', retry: 'never' });
    await drawn();
    expect(find('article')!.textContent).toContain('Change not stored. The message is not there any more.');
    expect(find('article .body')!.textContent).toBe('mine');
  });

  it('shows a message that cannot be drawn as it was sent, and everything else as always', async () => {
    vi.spyOn(console, 'error').mockReturnValue(undefined);
    // A time that is no date, and a line of the list without a text.
    const broken = { uid: 'u_2', at: 9e15, body: '*broken* text', fmt: 'md' };
    const fine = { uid: 'u_2', at: Date.now(), fmt: 'md' };
    await signed_in([
      { ...room, seq: 3, rev: 3, read: 3, last: { seq: 3, mid: 'm_3', rev: 3, ...fine, body: '>'.repeat(16000) } },
      { ...room, conv: 'c_2', name: 'zoo', last: { seq: 1, mid: 'm_9', rev: 1, uid: 'u_2', at: 1, body: null } },
    ]);
    const msgs = [
      { seq: 1, mid: 'm_1', rev: 1, ...fine, body: 'before' },
      { seq: 2, mid: 'm_2', rev: 2, ...broken },
      { seq: 3, mid: 'm_3', rev: 3, ...fine, body: '>'.repeat(16000) },
    ];
    socket.answer(socket.all('history')[0]!, { msgs, rev: 3, more: false });
    await drawn();
    socket.say({
      ev: 'msg.new',
      pos: 41,
      prev: 40,
      conv: 'c_1',
      rev: 4,
      d: { seq: 4, mid: 'm_4', ...fine, body: 'after' },
    });
    await drawn();
    const texts = [...box.querySelectorAll('article .body')].map((one) => one.textContent);
    expect(texts.map((text) => text.slice(0, 13))).toEqual(
      ['before', '*broken* text', '>>>>>>>>>>>', 'after'].map((text) => expect.stringContaining(text)),
    );
    expect(texts[1]).toContain('could not be drawn');
    expect(find('#composer-text')).not.toBeNull();
    expect(find('.rail a[href="#/c_1"]')!.textContent.length).toBeLessThan(200);
    expect(find('.rail a[href="#/c_2"]')).not.toBeNull();
    // Changed into one that can be drawn.
    socket.say({ ev: 'msg.edit', pos: 42, prev: 41, conv: 'c_1', rev: 5, d: { mid: 'm_4', body: '**whole**' } });
    await drawn();
    expect(find('article:last-of-type strong')!.textContent).toBe('whole');
  });

  it('says after a while what is known of a text that nobody answers for, and offers an end', async () => {
    await signed_in([room]);
    await send('into the void');
    await send('the next one');
    expect(find('.log')!.textContent).not.toContain('No machine has said');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(find('.log')!.textContent).toContain('No machine has said yet whether this is stored.');
    button('Stop asking').click();
    await drawn();
    expect(find('.log .refused')!.textContent).toContain('Not confirmed.');
    expect(find('.log .refused')!.textContent).toContain('look whether it is there');
    await greeted('ok');
    await drawn();
    expect(socket.all('msg.send').map((frame) => frame.d.body)).toEqual(['the next one']);
    button('Ask again').click();
    await drawn();
    socket.answer(socket.all('msg.send')[0]!, { mid: 'm_1', seq: 1, rev: 1, at: 1, replicas: 3 });
    await drawn();
    expect(socket.all('msg.send').at(-1)!.d.body).toBe('into the void');
    expect(find('.log .refused')).toBeNull();
  });

  it('shows what was not sent to a room that one is not in any more', async () => {
    await signed_in([room, { ...room, conv: 'c_2', name: 'zoo' }]);
    await send('a long text');
    socket.say({ ev: 'conv.gone', pos: 41, prev: 40, conv: 'c_1', d: {} });
    await drawn();
    socket.refuse(socket.all('msg.send')[0]!, { code: 'not_found', retry: 'never' });
    await drawn();
    expect(find('.band')!.textContent).toContain('One thing you wrote was not sent.');
    expect(find('.band')!.textContent).not.toContain('backup');
    go('/c_2');
    await drawn();
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('A message for #ops');
    expect(find('dialog')!.textContent).toContain('This conversation is not there any more, or you left it.');
    button('Put into the box of #zoo').click();
    await drawn();
    expect(in_box()).toBe('a long text');
    expect(find('.band')).toBeNull();
  });

  it('sends with Enter alone: not with Shift, not while a word is composed, and nothing empty', async () => {
    await signed_in([room]);
    enter('#composer-text', 'text');
    const key = (more: KeyboardEventInit) =>
      find('#composer-text')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...more }));
    key({ shiftKey: true });
    key({ isComposing: true });
    await drawn();
    expect(socket.all('msg.send')).toEqual([]);
    key({});
    await drawn();
    expect(socket.all('msg.send').map((frame) => frame.d.body)).toEqual(['text']);
    await send('   ');
    expect(app.outbox.entries.value).toHaveLength(1);
  });

  it('keeps a draft, for its account alone', async () => {
    await signed_in([room, { ...room, conv: 'c_2', name: 'art' }]);
    go('/c_1');
    await drawn();
    enter('#composer-text', 'half a th');
    go('/c_2');
    await drawn();
    expect((find('#composer-text') as HTMLTextAreaElement).value).toBe('');
    go('/c_1');
    await drawn();
    expect((find('#composer-text') as HTMLTextAreaElement).value).toBe('half a th');
    kept_session.set({ uid: 'u_2', name: 'bob', token: 't2' });
    expect(kept_drafts.get('c_1')).toBe('');
  });

  it('shows in the list what the newest message says now, also when it was deleted', async () => {
    const last = { uid: 'u_1', at: 1, body: 'salaries' };
    await signed_in([
      { ...room, seq: 2, rev: 2, last },
      { ...room, conv: 'c_2', name: 'zoo', seq: 7, rev: 7, last },
    ]);
    const line = (conv: string) => find(`.rail a[href="#/${conv}"] small`)?.textContent ?? '';
    const mine = { uid: 'u_1', at: 1, fmt: 'md' };
    const msgs = [1, 2].map((seq) => ({ seq, mid: `m_${seq}`, rev: seq, ...mine, body: seq === 2 ? 'salaries' : 'x' }));
    socket.answer(socket.all('history')[0]!, { msgs, rev: 2, more: false });
    await drawn();
    let pos = 40;
    const say = (ev: string, conv: string, rev: number, d: object) =>
      socket.say({ ev, pos: ++pos, prev: pos - 1, conv, rev, d });
    say('msg.edit', 'c_1', 3, { mid: 'm_1', body: 'another one' });
    await drawn();
    expect(line('c_1')).toBe('You: salaries');
    say('msg.edit', 'c_1', 4, { mid: 'm_2', body: 'canteen' });
    await drawn();
    expect(line('c_1')).toBe('You: canteen');
    say('msg.delete', 'c_1', 5, { mid: 'm_2' });
    await drawn();
    expect(line('c_1')).toBe('You: message deleted');
    // A room whose messages are not here: the newest one is asked for.
    say('msg.edit', 'c_2', 8, { mid: 'm_70', body: 'other' });
    await drawn();
    const asked = socket.all('history').at(-1)!;
    expect(asked.d).toEqual({ conv: 'c_2', limit: 1 });
    socket.answer(asked, { msgs: [{ seq: 7, mid: 'm_70', rev: 8, ...mine, body: 'other' }], rev: 8, more: true });
    await drawn();
    expect(line('c_2')).toBe('You: other');
    say('msg.delete', 'c_2', 9, { mid: 'm_70' });
    await drawn();
    expect(line('c_2')).toBe('You: message deleted');
    expect(socket.all('history')).toHaveLength(2);
    // A list that was made before does not bring the text back.
    app.chat.sync_soon();
    await drawn();
    const convs = [
      { ...room, seq: 2, rev: 4, last },
      { ...room, conv: 'c_2', name: 'zoo', seq: 7, rev: 8, last },
    ];
    socket.answer(socket.all('sync').at(-1)!, { convs, users: [], next: null });
    await drawn();
    expect([line('c_1'), line('c_2')]).toEqual(['You: message deleted', 'You: message deleted']);
  });

  it('calls a day by the calendar, and goes on with it', async () => {
    // The night in which the clocks of Berlin go forward; the tests run at any place.
    const zone = process.env.TZ;
    process.env.TZ = 'Europe/Berlin';
    try {
      vi.setSystemTime(new Date(2026, 2, 29, 23, 58));
      await signed_in([{ ...room, seq: 1, rev: 1, read: 1 }]);
      const msg = { seq: 1, mid: 'm_1', rev: 1, uid: 'u_2', at: new Date(2026, 2, 29, 12).getTime(), body: 'x' };
      socket.answer(socket.all('history')[0]!, { msgs: [msg], rev: 1, more: false });
      await drawn();
      expect(find('.day')!.textContent).toBe('Today');
      dispatchEvent(new Event('focus'));
      await vi.advanceTimersByTimeAsync(3 * 60 * 1000);
      expect(find('.day')!.textContent).toBe('Yesterday');
      expect(day_words(new Date(2026, 2, 29, 0, 10).getTime(), new Date(2026, 2, 30, 0, 30).getTime())).toBe(
        'Yesterday',
      );
      expect(day_words(new Date(2026, 2, 28, 23, 50).getTime(), new Date(2026, 2, 30, 0, 30).getTime())).not.toBe(
        'Yesterday',
      );
      // A device that slept.
      vi.setSystemTime(new Date(2026, 2, 31, 9, 0));
      document.dispatchEvent(new Event('visibilitychange'));
      await drawn();
      expect(find('.day')!.textContent).toBe('Sunday 29 March');
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it('marks what is unread in the list and in the title', async () => {
    await signed_in([
      { ...room, seq: 5, rev: 5, read: 2, unread: 3 },
      { ...room, conv: 'c_2', name: 'art' },
    ]);
    expect(find('.rail a[href="#/c_1"]')!.textContent).toContain('3 unread');
    expect(find('.rail a[href="#/c_2"]')!.textContent).not.toContain('unread');
    expect(document.title).toMatch(/^\(3\) /);
  });

  it('calls nobody alone who has only not written to anybody', async () => {
    await signed_in([room]);
    expect(find('.rail')!.textContent).toContain('Only you so far');
    socket.say({ ev: 'user.update', pos: 41, prev: 40, d: { uid: 'u_2', name: 'bob' } });
    await drawn();
    expect(find('.rail')!.textContent).not.toContain('Only you');
    expect(find('.rail')!.textContent).toContain('No direct messages yet');
  });

  it('tells of a smaller chain and of a lost connection', async () => {
    await signed_in([room]);
    expect(find('.band')).toBeNull();
    expect(find('.conn')).toBeNull();
    socket.say({ ev: 'cluster', d: { state: 'degraded', replicas: 2, want: 3, endpoints: machines } });
    await drawn();
    expect(find('.band')!.textContent).toContain('2 of 3 machines.');
    socket.die();
    await vi.advanceTimersByTimeAsync(1500);
    expect(find('.conn')!.textContent).toContain('Reconnecting');
  });

  it('wears the colours that were chosen, and keeps them', async () => {
    const colours = () => document.documentElement.dataset.theme;
    expect(colours()).toBeUndefined();
    app.theme.value = 'dark';
    expect([colours(), kept_theme.get()]).toEqual(['dark', 'dark']);
    app.theme.value = 'system';
    expect([colours(), kept_theme.get()]).toEqual([undefined, 'system']);
  });

  it('leaves nothing behind after signing out, here and at the server', async () => {
    await signed_in([room]);
    expect(kept_session.get()).toMatchObject({ token: 't' });
    const asked: string[] = [];
    vi.stubGlobal('fetch', (url: string, init: { method: string; headers: Record<string, string> }) => {
      asked.push(`${init.method} ${new URL(url).pathname} ${init.headers.Authorization ?? ''}`);
      return Promise.resolve(new Response('{}'));
    });
    await app.sign_out();
    await drawn();
    expect(kept_session.get()).toBeUndefined();
    expect(socket.closed).toBe(true);
    expect(app.chat.convs.value.size).toBe(0);
    expect(find('.rail')).toBeNull();
    expect(asked).toContain('DELETE /api/v1/session Bearer t');
  });

  it('goes back to the sign-in page when the token is refused, and says what is kept', async () => {
    app.enter({ uid: 'u_1', name: 'ana', token: 't' });
    await drawn();
    sockets.last.onopen?.();
    sockets.last.refuse(sockets.last.all('hello')[0]!, { code: 'unauthenticated', retry: 'reauth' });
    await drawn();
    expect(kept_session.get()).toBeUndefined();
    expect(box.textContent).toContain('Sign in again; what you wrote is kept.');
  });

  it('gives the box the focus only when no dialog lies over it', async () => {
    await signed_in([room]);
    expect(route.value).toEqual({ page: 'conv', conv: 'c_1' });
    open_dialog.value = { name: 'preferences' };
    await drawn();
    button('Close').focus();
    write_in('c_1');
    await drawn();
    expect(document.activeElement?.id).not.toBe('composer-text');
    button('Close').click();
    await drawn();
    expect(document.activeElement?.id).toBe('composer-text');
  });

  it('opens the next dialog also while the one before it is closing', async () => {
    await signed_in([room]);
    for (const name of ['preferences', 'switcher'] as const) {
      open_dialog.value = { name };
      await drawn();
      const before = find('dialog')!;
      // Escape closes a dialog at once, its event comes in a later task: the next key may be pressed in between.
      dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
      before.dispatchEvent(new Event('close'));
      await drawn();
      before.dispatchEvent(new Event('close'));
      await drawn();
      expect(find('dialog')!.getAttribute('aria-label')).toBe('Jump to');
      expect(find('dialog')).not.toBe(before);
    }
    find('dialog')!.dispatchEvent(new Event('close'));
    await drawn();
    expect(find('dialog')).toBeNull();
  });

  it('leaves the dialog open that was opened before the room of the last one was made', async () => {
    await signed_in([room]);
    await ask_for_room('art');
    find('dialog')!.dispatchEvent(new Event('close'));
    await drawn();
    open_dialog.value = { name: 'preferences' };
    await drawn();
    socket.answer(socket.all('conv.create')[0]!, { conv: 'c_2' });
    await drawn();
    expect(find('dialog')!.getAttribute('aria-label')).toBe('Preferences');
    expect(route.value).toEqual({ page: 'conv', conv: 'c_1' });
  });

  it('puts a text back into the box before the next key can arrive', async () => {
    await signed_in([room]);
    enter('#composer-text', 'the next one');
    await drawn();
    returned_text.value = 'refused';
    // No timer runs, and no task: only what follows from the click itself.
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect((find('#composer-text') as HTMLTextAreaElement).value).toBe('refused\nthe next one');
  });

  it('calls no chain safe of which it hears nothing any more', async () => {
    const status = { schema: 's', state: 'degraded', epoch: 7, replicas: { want: 3, have: 2 }, failed: [{ name: 'n1' }] };
    const drained = ['n4'];
    const chain = [
      { name: 'n2', role: 'head' },
      { name: 'n3', role: 'tail' },
    ];
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ ...status, chain, drained }))));
    await signed_in([room]);
    go('/cluster');
    await drawn();
    expect(find('.sum h2')!.textContent).toContain('Safe on 2 of 3');
    const cards = () => [...box.querySelectorAll('.chain .node')].map((card) => card.textContent);
    expect(cards()).toHaveLength(4);
    expect(cards()[3]).toMatch(/^n4Drained/);
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('refused')));
    await vi.advanceTimersByTimeAsync(1200);
    expect(find('.band')!.textContent).toContain('No machine answers.');
    expect(find('.sum')!.textContent).toMatch(/As it was at \d\d:\d\d/);
    expect(find('.sum')!.textContent).not.toMatch(/Safe|may fail/);
    expect(find('.old .node')!.textContent).toContain('n2');
  });
});

import { describe, expect, it, vi } from 'vitest';
import { edit_message } from '../src/state/compose';
import { hear, kept_drafts, kept_edits } from '../src/state/device';
import { editing } from '../src/ui/context';
import { begin_edit } from '../src/ui/message';
import {
  app,
  box,
  socket,
  room,
  drawn,
  find,
  button,
  enter,
  send,
  signed_in,
  in_box,
  press,
  in_two_rooms,
  look_into,
  msg_two,
  greeted,
} from './shell_page';

describe('what was typed', () => {
  const changing = () => box.textContent.includes('Changing your message');

  it('is kept while a message is changed: the change in its room, and the drafts in all', async () => {
    await in_two_rooms();
    enter('#composer-text', 'draft of one');
    await drawn();
    begin_edit(app.outbox, 'c_1', { ...msg_two(), seq: 2 });
    await drawn();
    expect(in_box()).toBe('two');
    enter('#composer-text', 'two, with work in it');
    await look_into('c_2');
    expect([in_box(), changing()]).toEqual(['', false]);
    enter('#composer-text', 'draft of two');
    await look_into('c_1');
    expect([in_box(), changing()]).toEqual(['two, with work in it', true]);
    await look_into('c_2');
    expect(in_box()).toBe('draft of two');
    await send('draft of two');
    await look_into('c_1');
    await look_into('c_2');
    expect(in_box()).toBe('');
    await look_into('c_1');
    press({ key: 'Enter' });
    await drawn();
    expect(socket.all('msg.edit').map((frame) => frame.d)).toEqual([{ mid: 'm_2', body: 'two, with work in it' }]);
    expect([in_box(), changing()]).toEqual(['draft of one', false]);
  });

  it('is kept for each message that was begun to be changed, and for the next page', async () => {
    await in_two_rooms();
    begin_edit(app.outbox, 'c_1', msg_two());
    enter('#composer-text', 'two and a half');
    begin_edit(app.outbox, 'c_1', { ...msg_two(), mid: 'm_1', seq: 1, body: 'one' });
    await drawn();
    expect(in_box()).toBe('one');
    press({ key: 'Escape' });
    await drawn();
    expect(changing()).toBe(false);
    begin_edit(app.outbox, 'c_1', msg_two());
    await drawn();
    expect(in_box()).toBe('two and a half');
    // Another page has nothing but what the device keeps.
    editing.value = undefined;
    await look_into('c_2');
    await look_into('c_1');
    expect([in_box(), changing()]).toEqual(['two and a half', true]);
    press({ key: 'Escape' });
    await drawn();
    await look_into('c_2');
    await look_into('c_1');
    expect(changing()).toBe(false);
  });

  it('is told to others while it is typed, and no more when one looks elsewhere', async () => {
    await in_two_rooms();
    enter('#composer-text', 'for a while');
    await drawn();
    expect(socket.all('typing').map((frame) => frame.d)).toEqual([{ conv: 'c_1', on: true }]);
    await look_into('c_2');
    expect(socket.all('typing').at(-1)!.d).toEqual({ conv: 'c_1', on: false });
  });

  it('becomes a draft when the history in which it was a change is gone', async () => {
    await in_two_rooms();
    begin_edit(app.outbox, 'c_1', msg_two());
    enter('#composer-text', 'typed for long');
    socket.die();
    await drawn();
    await greeted('gone', 20, 'ln_2');
    await drawn();
    socket.answer(socket.all('sync')[0]!, { convs: [room], users: [], next: null });
    await drawn();
    expect([in_box(), changing()]).toEqual(['typed for long', false]);
  });

  it('is what other pages of the browser show, unless something else was typed there', async () => {
    await in_two_rooms();
    const draft = (before?: string, value?: string) => hear({ key: 'draft u_1 c_1', before, value });
    draft(undefined, 'written');
    await drawn();
    expect(in_box()).toBe('written');
    // Sent there.
    draft('written', undefined);
    await drawn();
    expect(in_box()).toBe('');
    enter('#composer-text', 'my own');
    draft('written', undefined);
    await drawn();
    expect([in_box(), kept_drafts.get('c_1')]).toEqual(['my own', 'my own']);
    const begun = { open: 'm_2', of: { m_2: { body: 'two', text: 'two, there' } } };
    hear({ key: 'edit u_1 c_1', before: undefined, value: begun });
    await drawn();
    expect([in_box(), changing()]).toEqual(['my own', false]);
    begin_edit(app.outbox, 'c_1', msg_two());
    await drawn();
    expect([in_box(), changing()]).toEqual(['two, there', true]);
    const here = kept_edits.get('c_1');
    const there = { ...here, of: { m_2: { ...here.of.m_2!, text: 'more' } } };
    hear({ key: 'edit u_1 c_1', before: here, value: there });
    await drawn();
    expect(in_box()).toBe('more');
    hear({ key: 'edit u_1 c_1', before: there, value: undefined });
    await drawn();
    expect([in_box(), changing()]).toEqual(['my own', false]);
  });

  it('goes back into the box from a refused change, and can be sent again as it is', async () => {
    await in_two_rooms();
    edit_message(app.outbox, 'c_1', msg_two(), 'two, refused');
    await drawn();
    socket.refuse(socket.all('msg.edit')[0]!, { code: 'precondition_failed', retry: 'after_fix' });
    await drawn();
    button('Edit').click();
    await drawn();
    expect([in_box(), changing()]).toEqual(['two, refused', true]);
    press({ key: 'Enter' });
    await drawn();
    expect(socket.all('msg.edit').map((frame) => frame.d.body)).toEqual(['two, refused', 'two, refused']);
  });

  it('keeps its indentation, and is not sent when nothing of it can be seen', async () => {
    await in_two_rooms();
    for (const text of ['    if ready:\n        go()', '\n \n\tcase 1:\n\n', '\u200b', ' \u00ad\n']) {
      await send(text);
      for (const frame of socket.all('msg.send'))
        if (frame.d.body !== 'x') socket.answer(frame, { mid: 'm_9', seq: 3, rev: 3, at: 1 });
      await drawn();
    }
    expect(socket.all('msg.send').map((frame) => frame.d.body)).toEqual(['    if ready:\n        go()', '\tcase 1:']);
  });

  it('holds the page back when the device does not keep it', async () => {
    await signed_in([room]);
    const would_close = () => dispatchEvent(new Event('beforeunload', { cancelable: true }));
    expect(would_close()).toBe(true);
    await send('kept on the device');
    expect(would_close()).toBe(true);
    const [change] = app.outbox.entries.value;
    socket.answer(socket.all('msg.send')[0]!, { mid: 'm_1', seq: 1, rev: 1, at: 1, replicas: 3 });
    await drawn();
    vi.spyOn(app.outbox, 'durable', 'get').mockReturnValue(false);
    expect([change!.op, would_close()]).toEqual(['msg.send', true]);
    await send('in this page alone');
    expect(would_close()).toBe(false);
    socket.answer(socket.all('msg.send')[1]!, { mid: 'm_2', seq: 2, rev: 2, at: 1, replicas: 3 });
    await drawn();
    expect(would_close()).toBe(true);
    // These tests run without a database: nothing of a draft is on a disk.
    enter('#composer-text', 'half a th');
    expect(would_close()).toBe(false);
  });

  it('is asked about when a message is changed to nothing', async () => {
    await in_two_rooms();
    begin_edit(app.outbox, 'c_1', msg_two());
    enter('#composer-text', ' \u200b');
    press({ key: 'Enter' });
    await drawn();
    expect(find('dialog')!.textContent).toContain('Delete this message?');
    button('Keep').click();
    await drawn();
    expect([socket.all('msg.delete').length, changing()]).toEqual([0, true]);
    press({ key: 'Enter' });
    await drawn();
    button('Delete').click();
    await drawn();
    expect(socket.all('msg.delete').map((frame) => frame.d)).toEqual([{ mid: 'm_2' }]);
    expect(changing()).toBe(false);
  });

  it('is left to an input method as long as that composes, everywhere', async () => {
    await in_two_rooms();
    enter('#composer-text', '日本語');
    const old_code = { key: 'Enter', keyCode: 229 } as KeyboardEventInit;
    for (const key of [{ key: 'Enter', isComposing: true }, old_code]) expect(press(key).defaultPrevented).toBe(true);
    await drawn();
    expect(socket.all('msg.send')).toEqual([]);
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
    await drawn();
    press({ key: 'Enter', isComposing: true }, '#switch-to');
    press(old_code, '#switch-to');
    await drawn();
    expect(find('#switch-to')).not.toBeNull();
    press({ key: 'Enter' }, '#switch-to');
    await drawn();
    expect(find('#switch-to')).toBeNull();
    begin_edit(app.outbox, 'c_1', msg_two());
    await drawn();
    press({ key: 'Escape', isComposing: true });
    await drawn();
    expect(changing()).toBe(true);
    expect(press({ key: 'ArrowUp', isComposing: true }).defaultPrevented).toBe(false);
  });
});

// Conversations that end: a room that somebody removed, or that one left elsewhere.
import { describe, expect, it } from 'vitest';
import { begun_texts, kept_drafts, kept_edits, kept_session } from '../src/state/device';
import { open_dialog } from '../src/ui/context';
import { begin_edit } from '../src/ui/message';
import { go, route } from '../src/ui/route';
import {
  app,
  box,
  button,
  drawn,
  enter,
  find,
  greeted,
  in_box,
  in_two_rooms,
  look_into,
  msg_two,
  room,
  signed_in,
  socket,
} from './shell_page';

const gone = async (conv: string, pos = 41) => {
  socket.say({ ev: 'conv.gone', pos, prev: pos - 1, conv, d: {} });
  await drawn();
};
const rows = () => [...box.querySelectorAll('.rail a.rm')].map((row) => row.getAttribute('href'));
const zoo = { ...room, conv: 'c_2', name: 'zoo' };

describe('a conversation that is not there any more', () => {
  it('is told as such where it was open, and what was begun there is kept', async () => {
    await in_two_rooms();
    (find('#composer-text') as HTMLElement).focus();
    enter('#composer-text', 'half a sentence');
    await drawn();
    await gone('c_1');
    expect(find('#composer-text')).toBeNull();
    expect(rows()).toEqual(['#/c_2']);
    expect(find('main')!.textContent).toContain('#ops is not there any more');
    expect(find('main')!.textContent).toContain('What you had begun to write is kept.');
    expect(document.activeElement?.id).toBe('main');
    expect(find('.band')!.textContent).toContain('One thing you wrote was not sent.');
    await look_into('c_2');
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('What you began to write in #ops');
    button('Put into the box of #zoo').click();
    await drawn();
    expect([in_box(), find('.band'), kept_drafts.get('c_1')]).toEqual(['half a sentence', null, '']);
  });

  it('leaves the room alone in which somebody is writing', async () => {
    await in_two_rooms();
    await look_into('c_2');
    enter('#composer-text', 'of the other one');
    await look_into('c_1');
    const text_box = find('#composer-text')!;
    text_box.focus();
    enter('#composer-text', 'goes on');
    await gone('c_2');
    expect([find('#composer-text'), document.activeElement, in_box()]).toEqual([text_box, text_box, 'goes on']);
    expect(rows()).toEqual(['#/c_1']);
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('What you began to write in #zoo');
    button('Discard').click();
    await drawn();
    expect([find('dialog'), find('.band'), kept_drafts.get('c_2'), in_box()]).toEqual([null, null, '', 'goes on']);
  });

  it('gives back the change of a message that was begun there, and asks nothing about one any more', async () => {
    await in_two_rooms();
    begin_edit(app.outbox, 'c_1', msg_two());
    enter('#composer-text', 'two, much better');
    open_dialog.value = { name: 'delete', mid: 'm_1' };
    await drawn();
    await gone('c_1');
    expect(open_dialog.value).toBeUndefined();
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('A message that you were changing in #ops');
    expect(find('dialog')!.textContent).toContain('two, much better');
    button('Discard').click();
    await drawn();
    expect(kept_edits.get('c_1')).toEqual({ of: {} });
    expect(find('.band')).toBeNull();
  });

  it('does not come back with a list that was made before', async () => {
    await signed_in([room, zoo]);
    app.chat.sync_soon();
    await drawn();
    await gone('c_1');
    socket.answer(socket.all('sync').at(-1)!, { convs: [room, zoo], users: [], next: null });
    await drawn();
    expect(rows()).toEqual(['#/c_2']);
    // Nor with a page of it that was on its way.
    socket.answer(socket.all('history')[0]!, { msgs: [msg_two()], rev: 2, more: false });
    await drawn();
    expect(find('main')!.textContent).toContain('#ops is not there any more');
    expect(find('article')).toBeNull();
  });

  it('is noticed by the next list, where no event told of it', async () => {
    await signed_in([room, zoo]);
    socket.answer(socket.all('history')[0]!, { msgs: [msg_two()], rev: 2, more: false });
    enter('#composer-text', 'half');
    await drawn();
    app.chat.sync_soon();
    await drawn();
    socket.answer(socket.all('sync').at(-1)!, { convs: [zoo], users: [], next: null });
    await drawn();
    expect(find('main')!.textContent).toContain('#ops is not there any more');
    expect(app.begun.value).toEqual([{ conv: 'c_1', text: 'half' }]);
    // It was a room of others for a while, and is there again.
    socket.say({ ev: 'conv.new', pos: 41, prev: 40, conv: 'c_1', d: room });
    await drawn();
    expect([in_box(), find('.band')]).toEqual(['half', null]);
    // What was written there before may not be his to see any more.
    expect([find('article'), socket.all('history').length]).toEqual([null, 2]);
  });

  it('is noticed by a page that was not there when it went', async () => {
    kept_session.set({ uid: 'u_1', name: 'ana', token: 't' });
    kept_drafts.set('c_1', 'of yesterday');
    await signed_in([zoo]);
    expect(route.value).toEqual({ page: 'conv', conv: 'c_2' });
    button('Look at it').click();
    await drawn();
    expect(find('dialog')!.textContent).toContain('of yesterday');
    button('Discard').click();
    await drawn();
    expect(begun_texts()).toEqual([]);
  });

  it('may be one of a history that was restored away', async () => {
    await signed_in([room, zoo]);
    enter('#composer-text', 'half');
    await drawn();
    socket.die();
    await drawn();
    await greeted('gone', 20, 'ln_2');
    await drawn();
    socket.answer(socket.all('sync')[0]!, { convs: [zoo], users: [], next: null });
    await drawn();
    expect(app.begun.value).toEqual([{ conv: 'c_1', text: 'half' }]);
    expect(find('.band')!.textContent).toContain('One thing you wrote in the old one was not sent.');
  });

  it('is none that one may join again: its draft waits there', async () => {
    await signed_in([room, zoo]);
    enter('#composer-text', 'half');
    await drawn();
    app.chat.sync_soon();
    await drawn();
    socket.answer(socket.all('sync').at(-1)!, { convs: [{ ...room, member: false }, zoo], users: [], next: null });
    await drawn();
    expect([app.begun.value, find('.band'), kept_drafts.get('c_1')]).toEqual([[], null, 'half']);
    expect(button('Join')).toBeDefined();
    go('/c_2');
    await drawn();
    expect(in_box()).toBe('');
  });
});

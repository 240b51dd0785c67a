// The whole page against sockets that the test plays the chain for.
import { render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Endpoint } from '../src/protocol/types.gen';
import { App } from '../src/state/app';
import { kept_endpoints, kept_lineage, kept_session } from '../src/state/device';
import { AppContext, editing, open_dialog, write_in } from '../src/ui/context';
import { go, route } from '../src/ui/route';
import { Shell } from '../src/ui/shell';
import { MemoryStore, Sockets, type FakeSocket } from './fake';

let sockets: Sockets;
let app: App;
let box: HTMLElement;
let socket: FakeSocket;
const room = {
  ...{ conv: 'c_1', kind: 'room', name: 'ops', priv: false, member: true, members: 1 },
  ...{ seq: 0, rev: 0, read: 0, unread: 0, mentions: 0, last: null },
};

// What the page draws and does after it has drawn; the clock stands still but for this.
const drawn = () => vi.advanceTimersByTimeAsync(200);
const find = (what: string) => box.querySelector<HTMLElement>(what);
const button = (name: string) =>
  [...box.querySelectorAll('button')].find(
    (one) => one.textContent.trim() === name || one.getAttribute('aria-label') === name,
  )!;
const enter = (what: string, value: string) => {
  const field = find(what) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
};

async function send(text: string): Promise<void> {
  enter('#composer-text', text);
  find('#composer-text')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  await drawn();
}

async function signed_in(convs: object[]): Promise<void> {
  app.enter({ uid: 'u_1', name: 'ana', token: 't' });
  await drawn();
  socket = await sockets.greet('new', 40);
  await drawn();
  socket.answer(socket.all('sync')[0]!, { convs, users: [{ uid: 'u_1', name: 'ana' }], next: null });
  await drawn();
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  sockets = new Sockets();
  vi.stubGlobal(
    'WebSocket',
    class {
      constructor(url: string) {
        return sockets.open(url);
      }
    },
  );
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network here')));
  kept_endpoints.set([] as Endpoint[]);
  kept_lineage.set('ln_1');
  location.hash = '';
  go('');
  open_dialog.value = undefined;
  app = new App(new MemoryStore());
  box = document.createElement('div');
  document.body.append(box);
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    box,
  );
  await drawn();
});
afterEach(() => {
  app.leave('');
  render(null, box);
  box.remove();
  kept_session.set(undefined);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('page', () => {
  it('stays under the dialog while a room is made, then goes there with the focus in the box', async () => {
    await signed_in([]);
    open_dialog.value = { name: 'new-room' };
    await drawn();
    enter('#room-name', 'ops');
    await drawn();
    find('dialog form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    await drawn();
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
    open_dialog.value = { name: 'new-room' };
    await drawn();
    enter('#room-name', 'ops');
    await drawn();
    find('dialog form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    await drawn();
    socket.answer(socket.all('conv.create')[0]!, { conv: 'c_1' });
    await drawn();
    expect(find('#composer-text')).toBeNull();
    socket.say({ ev: 'conv.new', pos: 41, prev: 40, conv: 'c_1', d: room });
    await drawn();
    expect(document.activeElement?.id).toBe('composer-text');
  });

  it('says that the history was restored, and shows what was not sent apart from the rooms', async () => {
    await signed_in([room]);
    await send('never sent');
    expect(find('.log')!.textContent).toContain('never sent');
    expect(box.textContent).not.toContain('restored from a backup');
    editing.value = { conv: 'c_1', mid: 'm_1', body: 'of the old history' };
    socket.die();
    await drawn();
    socket = await sockets.greet('gone', 20, 'ln_2');
    await drawn();
    expect(find('.log')).toBeNull();
    // The same id, another room.
    socket.answer(socket.all('sync')[0]!, { convs: [{ ...room, name: 'art' }], users: [], next: null });
    await drawn();
    expect(editing.value).toBeUndefined();
    expect(find('.band')!.textContent).toContain('The history was restored from a backup.');
    expect(find('.band')!.textContent).toContain('One thing you wrote before it was not sent.');
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

  it('notices on a fresh page that the device knew another history, and only then', async () => {
    await signed_in([room]);
    expect(app.restored.value).toBe(false);
    app.leave('');
    kept_lineage.set('ln_0');
    await signed_in([room]);
    expect(app.restored.value).toBe(true);
    expect(find('.band')!.textContent).toContain('The history was restored from a backup.');
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
});

// The whole page against sockets that the test plays the chain for.
import { render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Endpoint } from '../src/protocol/types.gen';
import { App } from '../src/state/app';
import { kept_endpoints, kept_session } from '../src/state/device';
import { AppContext, open_dialog, write_in } from '../src/ui/context';
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

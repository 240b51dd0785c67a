// The whole page against sockets that the test plays the chain for: made anew for each test of a file that imports this.
import { render } from 'preact';
import { afterEach, beforeEach, vi } from 'vitest';
import type { Endpoint } from '../src/protocol/types.gen';
import { App } from '../src/state/app';
import { kept_drafts, kept_edits, kept_endpoints, kept_lineage, kept_session } from '../src/state/device';
import { AppContext, editing, open_dialog } from '../src/ui/context';
import { go } from '../src/ui/route';
import { Shell } from '../src/ui/shell';
import { MemoryStore, Sockets, type FakeSocket } from './fake';

export let sockets: Sockets;
export let app: App;
export let box: HTMLElement;
export let socket: FakeSocket;
export const room = {
  ...{ conv: 'c_1', kind: 'room', name: 'ops', priv: false, member: true, members: 1 },
  ...{ seq: 0, rev: 0, read: 0, unread: 0, mentions: 0, last: null },
};

// What the page draws and does after it has drawn; the clock stands still but for this.
export const drawn = () => vi.advanceTimersByTimeAsync(200);
export const find = (what: string) => box.querySelector<HTMLElement>(what);
export const button = (name: string) =>
  [...box.querySelectorAll('button')].find(
    (one) => one.textContent.trim() === name || one.getAttribute('aria-label') === name,
  )!;
export const enter = (what: string, value: string) => {
  const field = find(what) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
};

export async function send(text: string): Promise<void> {
  enter('#composer-text', text);
  find('#composer-text')!.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }),
  );
  await drawn();
}

export async function ask_for_room(name: string): Promise<void> {
  open_dialog.value = { name: 'new-room' };
  await drawn();
  enter('#room-name', name);
  await drawn();
  find('dialog form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  await drawn();
}

export async function signed_in(convs: object[]): Promise<void> {
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
  for (const conv of ['c_1', 'c_2']) {
    kept_drafts.set(conv, '');
    kept_edits.set(conv, { of: {} });
  }
  editing.value = undefined;
  app.leave('');
  render(null, box);
  box.remove();
  kept_session.set(undefined);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

export const in_box = () => (find('#composer-text') as HTMLTextAreaElement).value;
export const press = (more: KeyboardEventInit, what = '#composer-text') => {
  const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...more });
  find(what)!.dispatchEvent(event);
  return event;
};

// Two rooms, and in the first of them two messages of mine.
export async function in_two_rooms(): Promise<void> {
  const mine = { uid: 'u_1', at: Date.now(), fmt: 'md' };
  const last = { seq: 2, mid: 'm_2', rev: 2, ...mine, body: 'two' };
  await signed_in([
    { ...room, seq: 2, rev: 2, read: 2, last },
    { ...room, conv: 'c_2', name: 'zoo' },
  ]);
  const msgs = [{ seq: 1, mid: 'm_1', rev: 1, ...mine, body: 'one' }, last];
  socket.answer(socket.all('history')[0]!, { msgs, rev: 2, more: false });
  await drawn();
}

export async function look_into(conv: string): Promise<void> {
  go(`/${conv}`);
  await drawn();
}

export const msg_two = () => ({ seq: 2, mid: 'm_2', rev: 2, uid: 'u_1', at: Date.now(), body: 'two' });

// The next connection is made and greeted.
export async function greeted(resume: string, pos?: number, lineage?: string): Promise<void> {
  socket = await sockets.greet(resume, pos, lineage);
}

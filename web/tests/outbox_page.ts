// An outbox with a connection whose other side the test plays: made anew for each test of a file that imports this.
import { afterEach, beforeEach, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { Outbox, type Change } from '../src/protocol/outbox';
import { handlers, machines, MemoryStore, settle, Sockets, type FakeSocket, type Frame } from './fake';

export let sockets: Sockets;
export let store: MemoryStore;
export let outbox: Outbox;
export let connection: Connection;
// What was answered.
export let done: string[];

export async function page(): Promise<void> {
  sockets = new Sockets();
  connection = new Connection(
    {
      open: sockets.open,
      hello: () => ({ token: 't' }),
      resume: () => ({ lineage: 'ln_1', pos: 40 }),
      endpoints: machines,
    },
    {
      ...handlers(),
      on_unreadable: (end) => outbox.unreadable(end),
      on_hello: (answer) => outbox.bind(answer.d.lineage),
      on_ready: () => outbox.link_ready(),
    },
  );
  outbox = new Outbox(() => connection, store, {
    place_of: (lane) => `#${lane}`,
    on_done: (change) => done.push(`${change.op} ${(change.d as { body?: string }).body ?? ''}`.trim()),
    on_refused: () => {},
  });
  await outbox.open('u_1');
}

export async function online(): Promise<FakeSocket> {
  connection.start();
  await vi.advanceTimersByTimeAsync(100);
  return sockets.greet('ok');
}

export const say = (body: string, conv = 'c_1') => outbox.add('msg.send', { conv, body, fmt: 'md' }, conv, true);
export const bodies = (socket: FakeSocket) => socket.all('msg.send').map((frame) => frame.d.body);
export const sent = { mid: 'm_1', seq: 1, rev: 1, at: 1, replicas: 3 };
export const words = () => outbox.entries.value.map((change: Change) => change.state);

export async function answer(socket: FakeSocket, frame: Frame): Promise<void> {
  socket.answer(frame, sent);
  await settle();
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.setSystemTime(1_800_000_000_000);
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  store = new MemoryStore();
  done = [];
  await page();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

// Sockets that a test plays the server for, and the frames it answers with.
import type { SocketLike } from '../src/protocol/link';
import type { Change, ChangeStore } from '../src/protocol/outbox';

export interface Frame {
  id?: number;
  op: string;
  cid?: string;
  d: Record<string, unknown>;
}

export class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  sent: Frame[] = [];
  closed = false;
  readyState = 1;
  constructor(readonly url: string) {}

  send(text: string): void {
    if (this.readyState !== 1) throw new Error('WebSocket is already in CLOSING or CLOSED state.');
    this.sent.push(JSON.parse(text) as Frame);
  }
  close(): void {
    this.closed = true;
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  answer(frame: Frame, d: unknown, more: Record<string, unknown> = {}): void {
    this.say({ re: frame.id, ok: true, pos: 50, ...more, d });
  }
  refuse(frame: Frame, err: Record<string, unknown>): void {
    this.say({ re: frame.id, ok: false, err: { msg: 'no', retry: 'never', outcome: 'none', ...err } });
  }
  // The other side's close frame came; the event follows when the connection is gone.
  closes(): void {
    this.readyState = 2;
  }
  die(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }
  all(op: string): Frame[] {
    return this.sent.filter((frame) => frame.op === op);
  }
}

export const machines = ['n1', 'n2', 'n3'].map((node) => ({ node, url: `ws://${node}/ws` }));

export class Sockets {
  all: FakeSocket[] = [];
  open = (url: string): FakeSocket => {
    const socket = new FakeSocket(url);
    this.all.push(socket);
    return socket;
  };
  get last(): FakeSocket {
    return this.all.at(-1)!;
  }
  // Lets the newest socket open and be greeted.
  async greet(resume = 'new', pos = 40, lineage = 'ln_1'): Promise<FakeSocket> {
    const socket = this.last;
    socket.onopen?.();
    // The page's own address is the first machine's.
    const node = machines.find((machine) => machine.url === socket.url)?.node ?? 'n1';
    const cluster = { state: 'healthy', replicas: 3, want: 3, node, endpoints: machines };
    const me = { uid: 'u_1', name: 'ana', role: 'member' };
    const hb = { interval_ms: 15000, timeout_ms: 4000 };
    socket.answer(
      socket.all('hello')[0]!,
      { proto: 1, caps: [], me, resume, lineage, hb, limits: {}, cluster },
      { pos },
    );
    await settle();
    return socket;
  }
}

// Lets promises run without moving the clock.
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export class MemoryStore implements ChangeStore {
  durable = true;
  kept = new Map<string, Change>();
  load(): Promise<Change[]> {
    return Promise.resolve([...this.kept.values()].map((change) => structuredClone(change)));
  }
  put(change: Change): Promise<void> {
    this.kept.set(change.cid, structuredClone(change));
    return Promise.resolve();
  }
  remove(cid: string): Promise<void> {
    this.kept.delete(cid);
    return Promise.resolve();
  }
}

export const handlers = () => ({
  on_hello: () => {},
  on_durable: () => {},
  on_gap: () => {},
  on_ephemeral: () => {},
  on_ready: () => {},
  on_endpoints: () => {},
  on_signed_out: () => {},
});

// The frames of chat.v1 as the client uses them: typed requests, answers, refusals, and what a raw text frame holds.
import type { Dev, Eev, Err, Ops, DurableEvents } from './types.gen';

export type OpName = keyof Ops;
export type OpData<K extends OpName> = Ops[K]['d'];
export type OpAnswer<K extends OpName> = Ops[K]['answer'];

export interface Answer<T> {
  pos: number;
  dup: boolean;
  d: T;
}

// The server said no. `err.outcome` tells whether it is certain that nothing happened.
export class Refused extends Error {
  constructor(readonly err: Err) {
    super(err.msg);
  }
}

// The connection ended before the answer came: nobody here knows whether the change was made.
export class LinkLost extends Error {
  // `code`: why the link ended, as WebSocket says it; 0 where there was none.
  constructor(readonly code = 0) {
    super('connection lost');
  }
}

export interface RawResponse {
  re: number;
  ok: boolean;
  pos?: number;
  dup?: boolean;
  d?: unknown;
  err?: Err;
}

export type Incoming =
  | { kind: 'response'; frame: RawResponse }
  | { kind: 'durable'; events: Dev[] }
  | { kind: 'ephemeral'; event: Eev }
  | { kind: 'unknown' };

export function parse_frame(text: string): Incoming {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return { kind: 'unknown' };
  }
  if (typeof frame !== 'object' || frame === null) return { kind: 'unknown' };
  if ('re' in frame) return { kind: 'response', frame: frame as RawResponse };
  if ('evs' in frame) return { kind: 'durable', events: (frame as { evs: Dev[] }).evs };
  if ('ev' in frame) {
    return 'prev' in frame ? { kind: 'durable', events: [frame as Dev] } : { kind: 'ephemeral', event: frame as Eev };
  }
  return { kind: 'unknown' };
}

export function event_data<K extends keyof DurableEvents>(event: Dev, _name: K): NonNullable<DurableEvents[K]> {
  return event.d as NonNullable<DurableEvents[K]>;
}

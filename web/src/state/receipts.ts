// What is known about a message that I wrote, as one state with one word. "Stored" is said only of what the tail has
// confirmed, "confirming" of what nobody here knows, and "not sent" only after a definite refusal.
import type { ChangeState } from '../protocol/outbox';
import type { Message } from '../protocol/types.gen';

export type Receipt =
  { state: 'waiting' | 'kept_in_page' | 'confirming' | 'delivered' | 'read' } | { state: 'stored'; on: number };

export interface Marks {
  delivered: number;
  read: number;
}

export function local_receipt(state: ChangeState, durable: boolean): Receipt {
  if (state === 'confirming') return { state: 'confirming' };
  return { state: durable ? 'waiting' : 'kept_in_page' };
}

// `others`: the other members, as far as they are known; nobody else there means nobody to deliver to.
export function stored_receipt(
  msg: Message,
  others: readonly string[],
  marks: ReadonlyMap<string, Marks>,
  on: number,
): Receipt {
  if (others.length === 0) return { state: 'stored', on };
  const reached = (kind: keyof Marks) => others.every((uid) => (marks.get(uid)?.[kind] ?? 0) >= msg.seq);
  if (msg.read || reached('read')) return { state: 'read' };
  if (msg.delivered || reached('delivered')) return { state: 'delivered' };
  return { state: 'stored', on };
}

export function receipt_words(receipt: Receipt): string {
  switch (receipt.state) {
    case 'waiting':
      return 'Saved on this device';
    case 'kept_in_page':
      return 'Waiting in this page';
    case 'confirming':
      return 'Confirming…';
    case 'stored':
      return receipt.on > 0 ? `Stored on ${receipt.on} of ${receipt.on}` : 'Stored';
    case 'delivered':
      return 'Delivered';
    case 'read':
      return 'Read';
  }
}

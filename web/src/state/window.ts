// The part of one conversation that is in memory and in the page: an unbroken run of messages, ascending by seq. Pure
// functions; they never mutate a window. `rev` tells which durable change of the conversation was applied last, so that a
// missed one is noticed instead of shown wrongly.
import type { Dev, Message } from '../protocol/types.gen';

export const page_size = 60;
export const most_rows = 400;

export interface Window {
  msgs: readonly Message[];
  rev: number;
  has_older: boolean;
  has_newer: boolean;
}

export interface Page {
  msgs: Message[];
  rev: number;
  more: boolean;
}

export function newest(page: Page): Window {
  return { msgs: page.msgs, rev: page.rev, has_older: page.more, has_newer: false };
}

// Rows that leave at the other end are fetched again when somebody scrolls there.
export function with_older(window: Window, page: Page): Window {
  const first = window.msgs[0]?.seq ?? Infinity;
  const msgs = [...page.msgs.filter((msg) => msg.seq < first), ...window.msgs];
  const kept = msgs.slice(0, most_rows);
  return { ...window, msgs: kept, has_older: page.more, has_newer: window.has_newer || kept.length < msgs.length };
}

export function with_newer(window: Window, page: Page): Window {
  const last = window.msgs.at(-1)?.seq ?? 0;
  const msgs = [...window.msgs, ...page.msgs.filter((msg) => msg.seq > last)];
  const kept = msgs.slice(-most_rows);
  return { ...window, msgs: kept, has_newer: page.more, has_older: window.has_older || kept.length < msgs.length };
}

// Applies one durable event. Undefined: a change was missed, the window has to be fetched again.
export function with_event(window: Window, event: Dev): Window | undefined {
  const rev = event.rev;
  if (rev === undefined || rev <= window.rev) return window;
  if (rev > window.rev + 1) return undefined;
  const next = { ...window, rev };
  if (event.ev === 'msg.new') {
    if (window.has_newer) return next;
    const msg = { ...(event.d as unknown as Message), rev };
    const last = window.msgs.at(-1)?.seq ?? 0;
    // A window that is at the end holds the newest message, so the next one follows it without a gap.
    if (window.msgs.length > 0 && msg.seq !== last + 1) return undefined;
    const msgs = [...window.msgs, msg];
    const kept = msgs.slice(-most_rows);
    return { ...next, msgs: kept, has_older: window.has_older || kept.length < msgs.length };
  }
  return with_alteration(next, event);
}

// The message after an edit or a deletion, where that is about this one.
export function altered<M extends Message>(msg: M, event: Dev): M {
  if (event.ev !== 'msg.edit' && event.ev !== 'msg.delete') return msg;
  const d = event.d as { mid?: string; body?: string };
  if (d.mid !== msg.mid) return msg;
  const changed = event.ev === 'msg.edit' ? { body: d.body ?? '', edited: true } : { body: '', deleted: true };
  return { ...msg, ...changed, rev: event.rev };
}

// Edits and deletions: harmless to apply twice, and to messages that are not here.
export function with_alteration(window: Window, event: Dev): Window {
  if (event.ev !== 'msg.edit' && event.ev !== 'msg.delete') return window;
  const mid = (event.d as { mid?: string }).mid;
  const at = window.msgs.findIndex((msg) => msg.mid === mid);
  if (at < 0) return window;
  const msgs = window.msgs.slice();
  msgs[at] = altered(msgs[at]!, event);
  return { ...window, msgs };
}

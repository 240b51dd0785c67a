// Which rows the log shows, in which order: the window, then what is stored but not in it yet, then what waits here.
import type { Change } from '../protocol/outbox';
import type { Message } from '../protocol/types.gen';
import type { Row, View } from '../state/chat';
import { local_receipt, stored_receipt, type Receipt } from '../state/receipts';
import { day_key } from './parts';

export interface LogRow {
  key: string;
  msg: Row;
  local?: Change;
  alteration?: Change;
  first: boolean;
  mine: boolean;
  receipt?: Receipt;
  worded: boolean;
  // A day line stands before this row.
  day?: number;
  // The line of new messages stands before this row: how many.
  fresh?: number;
}

export interface LogInput {
  view: View;
  settled: Iterable<Row & { conv: string }>;
  changes: readonly Change[];
  conv: string;
  me: string;
  chain_size: number;
  stored_on: ReadonlyMap<string, number>;
  keeps: boolean;
  // What was read when the conversation was opened.
  read_before: number;
}

const same_group_ms = 5 * 60 * 1000;
// Clocks of the device and of the machines differ a little.
const clock_slack_ms = 5000;

export function log_rows(input: LogInput): LogRow[] {
  const { view, conv, me } = input;
  const window = view.window;
  const msgs: Row[] = [...(window?.msgs ?? [])];
  const at_end = !window?.has_newer;
  const last = msgs.at(-1)?.seq ?? 0;
  if (at_end)
    msgs.push(...[...input.settled].filter((row) => row.conv === conv && row.seq > last).sort((a, b) => a.seq - b.seq));
  const others = view.members.map((member) => member.uid).filter((uid) => uid !== me);
  const altered = new Map<string, Change>();
  for (const change of input.changes)
    if (change.op === 'msg.edit' || change.op === 'msg.delete') altered.set((change.d as { mid: string }).mid, change);
  const sends = input.changes.filter((change) => change.op === 'msg.send' && change.lane === conv);
  const confirming = unanswered_but_here(msgs, sends, me, input.stored_on);

  const rows: LogRow[] = msgs.map((msg) => {
    const mine = msg.uid === me;
    let receipt: Receipt | undefined;
    if (mine && !msg.deleted)
      receipt = confirming.has(msg.mid)
        ? { state: 'confirming' }
        : stored_receipt(msg, others, view.marks, input.stored_on.get(msg.mid) ?? input.chain_size);
    return { key: msg.mid, msg, mine, receipt, alteration: altered.get(msg.mid), first: false, worded: false };
  });
  if (at_end) {
    const hidden = new Set(confirming.values());
    for (const change of sends) {
      if (hidden.has(change.cid)) continue;
      const { body, fmt } = change.d as { body: string; fmt: 'md' | 'plain' };
      rows.push({
        key: change.cid,
        msg: { seq: 0, mid: change.cid, uid: me, at: change.at, body, fmt },
        local: change,
        mine: true,
        receipt: local_receipt(change.state, input.keeps && change.durable),
        first: false,
        worded: false,
      });
    }
  }
  return with_lines(rows, input);
}

// A message whose event came before its answer is shown once: as the message, still called "confirming". Found by author,
// text and time, and only among messages whose answer this page has not seen; the cid decides what is true.
function unanswered_but_here(
  msgs: Row[],
  sends: Change[],
  me: string,
  answered: ReadonlyMap<string, number>,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const change of sends) {
    if (change.sent === 0 || change.state === 'refused') continue;
    const body = (change.d as { body: string }).body;
    const match = msgs.find(
      (msg: Message) =>
        msg.uid === me &&
        msg.body === body &&
        msg.at >= change.at - clock_slack_ms &&
        !found.has(msg.mid) &&
        !answered.has(msg.mid),
    );
    if (match) found.set(match.mid, change.cid);
  }
  return found;
}

// Day lines, groups of one author, the line of new messages, and the words at the newest message of each state.
function with_lines(rows: LogRow[], input: LogInput): LogRow[] {
  let before: LogRow | undefined;
  let fresh_marked = false;
  for (const row of rows) {
    const new_day = !before || day_key(before.msg.at) !== day_key(row.msg.at);
    if (new_day) row.day = row.msg.at;
    if (!fresh_marked && !row.mine && !row.local && row.msg.seq > input.read_before && input.read_before > 0) {
      row.fresh = rows.filter((other) => !other.mine && other.msg.seq > input.read_before).length;
      fresh_marked = true;
    }
    const follows = before && before.msg.uid === row.msg.uid && row.msg.at - before.msg.at < same_group_ms;
    row.first = !follows || new_day || row.fresh !== undefined;
    before = row;
  }
  const worded = new Set<string>();
  for (const row of rows.toReversed()) {
    if (!row.receipt || worded.has(row.receipt.state)) continue;
    worded.add(row.receipt.state);
    row.worded = true;
  }
  return rows;
}

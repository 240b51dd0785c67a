// What a user can do in a conversation, turned into changes for the outbox; and the reasons for a refusal in plain words.
import type { Change, Outbox } from '../protocol/outbox';
import type { Err, Message } from '../protocol/types.gen';

export interface BodyLimits {
  body: number;
  frame: number;
}

const default_limits: BodyLimits = { body: 16384, frame: 65536 };
// Room for everything in the frame that is not the text.
const frame_overhead = 512;

const utf8_length = (text: string) => new TextEncoder().encode(text).length;

// Without the empty lines around it. The indentation of the first line belongs to the text: pasted code has one.
export const without_edges = (text: string) => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd();

function too_large(body: string, limits: BodyLimits): Err | undefined {
  const bytes = utf8_length(body);
  // A text full of control characters grows when it is written as JSON; a larger frame would end the connection.
  const framed = utf8_length(JSON.stringify(body)) + frame_overhead;
  if (bytes <= limits.body && framed <= limits.frame) return undefined;
  const kb = (n: number) => (n / 1024).toFixed(n % 1024 === 0 ? 0 : 1);
  const sizes = `The text is ${kb(bytes)} KB, the limit is ${kb(limits.body)} KB.`;
  return {
    code: 'too_large',
    msg: bytes > limits.body ? sizes : 'The text holds too many control characters to be sent at once.',
    retry: 'after_fix',
    outcome: 'none',
  };
}

export function send_message(outbox: Outbox, conv: string, body: string, limits = default_limits): void {
  outbox.add('msg.send', { conv, body, fmt: 'md' }, conv, true, too_large(body, limits));
}

export function edit_message(
  outbox: Outbox,
  conv: string,
  msg: Pick<Message, 'mid' | 'rev'>,
  body: string,
  limits = default_limits,
): void {
  outbox.add('msg.edit', { mid: msg.mid, body }, conv, true, too_large(body, limits));
}

// What stands in the log: the newest edit on its way, even before the chain has answered, or what is stored.
export function shown_body(outbox: Outbox, msg: Pick<Message, 'mid' | 'body'>): string {
  const edit = outbox.entries.value.findLast(
    (change) =>
      change.op === 'msg.edit' &&
      change.state !== 'refused' &&
      (change.d as { mid: string }).mid === msg.mid &&
      !outbox.left_over.value.includes(change),
  );
  return edit ? (edit.d as { body: string }).body : msg.body;
}

export function delete_message(outbox: Outbox, conv: string, mid: string): void {
  outbox.add('msg.delete', { mid }, conv, true);
}

export function refusal_words(change: Change): string {
  const err = change.err;
  if (!err) return '';
  if (err.outcome === 'unknown')
    return `${sentence(err.msg)} It may be stored: look whether it is there before you write it again.`;
  switch (err.code) {
    case 'forbidden':
      return 'You may not do that here.';
    case 'not_found':
      return change.op === 'msg.send'
        ? 'This conversation is not there any more, or you left it.'
        : 'The message is not there any more.';
    case 'bad_request':
      return err.field === 'cid'
        ? 'It waited here for longer than the server remembers, or the clock of this device is wrong. It may have been ' +
            'stored before: look above before you send it again.'
        : sentence(err.msg);
    default:
      return sentence(err.msg);
  }
}

export function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?…]$/.test(full) ? full : `${full}.`;
}

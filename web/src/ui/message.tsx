// One message: text, author where a group begins, and in words what became of it.
import { useSignal } from '@preact/signals';
import { memo } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { unconfirmed_after_ms, type Change, type Outbox } from '../protocol/outbox';
import { refusal_words, shown_body } from '../state/compose';
import type { Row } from '../state/chat';
import { receipt_words, type Receipt } from '../state/receipts';
import { begun_edit, edit, focus_composer, open_dialog, returned_text, use_app } from './context';
import { Markdown } from './markdown';
import { drawable } from './markup';
import { Avatar, clock_time, copy_text, Icon, IconButton } from './parts';

const receipt_icon: Record<Receipt['state'], string> = {
  waiting: 'clock',
  kept_in_page: 'clock',
  confirming: 'confirm',
  stored: 'check',
  delivered: 'check2',
  read: 'read',
};

export function ReceiptLine({ receipt, worded }: { receipt: Receipt; worded: boolean }) {
  const words = receipt_words(receipt);
  const unsure = ['waiting', 'kept_in_page', 'confirming'].includes(receipt.state);
  return (
    <p class={`sent ${receipt.state === 'read' ? 'read' : unsure ? 'unsure' : ''}`} title={words}>
      <Icon name={receipt_icon[receipt.state]} small wide={receipt.state === 'read'} />
      <span class={worded ? '' : 'vh'}>{words}</span>
    </p>
  );
}

function Refusal({ change, conv, stored }: { change: Change; conv: string; stored: string }) {
  const app = use_app();
  const body = 'body' in change.d ? (change.d as { body: string }).body : undefined;
  const unknown = change.err?.outcome === 'unknown';
  const what = unknown
    ? 'Not confirmed.'
    : change.op === 'msg.send'
      ? 'Not sent.'
      : change.op === 'msg.edit'
        ? 'Change not stored.'
        : 'Not deleted.';
  const take_up = () => {
    if (change.op === 'msg.edit')
      edit({ conv, mid: (change.d as { mid: string }).mid, body: stored, text: body ?? '' });
    else returned_text.value = body;
    app.outbox.discard(change.cid);
    focus_composer();
  };
  return (
    <p class="refused" role="alert">
      <Icon name="refused" small />
      <span class="why">
        {what} {refusal_words(change)}
      </span>{' '}
      <span class="row">
        {unknown && (
          <button class="btn small" type="button" onClick={() => app.outbox.again(change.cid)}>
            Ask again
          </button>
        )}
        {body !== undefined && (
          <>
            <button class="btn small" type="button" onClick={take_up}>
              Edit
            </button>
            <button class="btn small" type="button" onClick={() => void copy_text(body)}>
              Copy
            </button>
          </>
        )}
        <button class="btn small quiet" type="button" onClick={() => app.outbox.discard(change.cid)}>
          Discard
        </button>
      </span>
    </p>
  );
}

// "Confirming" does not last for ever: what is known, and what one can do.
function Unconfirmed({ change }: { change: Change }) {
  const { outbox } = use_app();
  const long = useSignal(false);
  const since = change.state === 'confirming' ? change.asked_at : undefined;
  useEffect(() => {
    long.value = false;
    if (since === undefined) return;
    const timer = setTimeout(() => (long.value = true), Math.max(0, since + unconfirmed_after_ms - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  if (!long.value || since === undefined) return null;
  const body = 'body' in change.d ? (change.d as { body: string }).body : undefined;
  return (
    <p class="refused unsure" role="status">
      <Icon name="clock" small />
      <span class="why">
        No machine has said yet whether this is stored. It is asked again by itself, and cannot be stored twice.
      </span>{' '}
      <span class="row">
        {body !== undefined && (
          <button class="btn small" type="button" onClick={() => void copy_text(body)}>
            Copy
          </button>
        )}
        <button class="btn small quiet" type="button" onClick={() => outbox.give_up(change.cid)}>
          Stop asking
        </button>
      </span>
    </p>
  );
}

export interface MessageProps {
  conv: string;
  // A message of the chain, or one that is still in the outbox.
  msg: Row;
  local?: Change;
  // A change of this message that is on its way, or was refused.
  alteration?: Change;
  first: boolean;
  mine: boolean;
  receipt?: Receipt;
  worded: boolean;
  active: boolean;
  focused: boolean;
  author: string;
}

function Tools({ conv, msg, mine }: { conv: string; msg: Row; mine: boolean }) {
  const { outbox } = use_app();
  return (
    <div class="tools" role="toolbar" aria-label="Message actions">
      <IconButton icon="copy" label="Copy text" onClick={() => void copy_text(shown_body(outbox, msg))} />
      {mine && (
        <>
          <IconButton icon="edit" label="Edit" onClick={() => begin_edit(outbox, conv, msg)} />
          <IconButton
            icon="delete"
            label="Delete"
            onClick={() => (open_dialog.value = { name: 'delete', mid: msg.mid })}
          />
        </>
      )}
    </div>
  );
}

export function begin_edit(outbox: Outbox, conv: string, msg: Row): void {
  const body = shown_body(outbox, msg);
  edit({ conv, mid: msg.mid, body, rev: msg.rev, text: begun_edit(conv, msg.mid)?.text ?? body });
  focus_composer();
}

function MessageRow(props: MessageProps) {
  const { conv, msg, local, alteration, first, mine, receipt, active, author } = props;
  const pending_edit =
    alteration?.op === 'msg.edit' && alteration.state !== 'refused'
      ? (alteration.d as { body: string }).body
      : undefined;
  const body = pending_edit ?? msg.body;
  const edited = msg.edited || pending_edit !== undefined;
  const time = clock_time(msg.at);
  const shown = alteration && alteration.state !== 'refused' ? { state: 'confirming' as const } : receipt;
  const unsure = local !== undefined || (alteration !== undefined && alteration.state !== 'refused');
  return (
    <article
      class={`msg${first ? ' first' : ''}${unsure ? ' local' : ''}${active ? ' on' : ''}`}
      tabIndex={props.focused ? 0 : -1}
      aria-label={`${author}, ${time}`}
      data-mid={msg.mid}
      data-seq={local ? undefined : msg.seq}
    >
      {first ? (
        <>
          <Avatar uid={author} name={author} />
          <header>
            <b>
              <bdi>{author}</bdi>
            </b>
            <time dateTime={new Date(msg.at).toISOString()}>{time}</time>
          </header>
        </>
      ) : (
        <time class="at" dateTime={new Date(msg.at).toISOString()}>
          {time}
        </time>
      )}
      <div class="body" dir="auto">
        {msg.deleted ? (
          <p>
            <span class="gone">Message deleted by its author</span>
          </p>
        ) : (
          <>
            {msg.fmt === 'plain' ? <p class="plain">{drawable(body)}</p> : <Markdown text={body} />}
            {edited && <span class="edited">(edited)</span>}
          </>
        )}
      </div>
      {shown && !(local?.state === 'refused') && (
        <ReceiptLine receipt={shown} worded={props.worded || alteration !== undefined} />
      )}
      {local && <Unconfirmed change={local} />}
      {alteration && <Unconfirmed change={alteration} />}
      {local?.state === 'refused' && <Refusal change={local} conv={conv} stored="" />}
      {alteration?.state === 'refused' && <Refusal change={alteration} conv={conv} stored={msg.body} />}
      {active && !local && !msg.deleted && <Tools conv={conv} msg={msg} mine={mine} />}
    </article>
  );
}

// In place of a message that could not be drawn: what it says, with nothing made of it.
export function RawMessage({ msg }: { msg: Row }) {
  return (
    <article class="msg first" tabIndex={-1} data-mid={msg.mid}>
      <div class="body" dir="auto">
        <p class="plain">{drawable(String(msg.body))}</p>
        <span class="edited">(shown as it was sent: it could not be drawn)</span>
      </div>
    </article>
  );
}

export const MessageView = memo(MessageRow, (a, b) => {
  const keys = [
    'conv',
    'msg',
    'local',
    'alteration',
    'first',
    'mine',
    'worded',
    'active',
    'focused',
    'author',
  ] as const;
  return keys.every((key) => a[key] === b[key]) && a.receipt?.state === b.receipt?.state && words(a) === words(b);
});

const words = (props: MessageProps) => (props.receipt ? receipt_words(props.receipt) : '');

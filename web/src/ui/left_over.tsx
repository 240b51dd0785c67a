// What was not sent and has no place any more, such as in another history: each for the person to take up again or discard.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Change } from '../protocol/outbox';
import { refusal_words } from '../state/compose';
import { returned_text, use_app, write_in } from './context';
import { Dialog, use_close } from './dialog';
import { clock_time, copy_text, day_words } from './parts';
import { today } from './today';

const kinds: Partial<Record<Change['op'], string>> = {
  'msg.send': 'A message',
  'msg.edit': 'A changed message',
  'msg.delete': 'The deletion of a message',
};

export function LeftOver() {
  const app = use_app();
  const close = use_close();
  const changes = app.unplaced.value;
  const begun = app.begun.value;
  const of_before = app.outbox.left_over.value;
  const here = app.chat.open_conv.value;
  const place = here === undefined ? '' : app.chat.place_of(here);
  const empty = changes.length + begun.length === 0;
  const sure = useSignal(false);
  const body_of = (change: Change) => ('body' in change.d ? (change.d as { body: string }).body : undefined);
  const texts = [...changes.flatMap((change) => body_of(change) ?? []), ...begun.map((one) => one.text)];
  const discard = (which: (change: Change) => boolean) => {
    for (const change of changes.filter(which)) app.outbox.discard(change.cid);
    for (const one of begun) app.drop(one);
  };
  useEffect(() => {
    if (empty) close();
  }, [empty]);
  const take_up = (body: string, discard: () => void) => {
    if (here === undefined) return;
    returned_text.value = body;
    discard();
    close();
    write_in(here);
  };
  const choices = (body: string | undefined, discard: () => void) => (
    <p class="row">
      {body !== undefined && here !== undefined && (
        <button class="btn small" type="button" onClick={() => take_up(body, discard)}>
          Put into the box of {place}
        </button>
      )}
      {body !== undefined && (
        <button class="btn small" type="button" onClick={() => void copy_text(body)}>
          Copy
        </button>
      )}
      <button class="btn small quiet" type="button" onClick={discard}>
        Discard
      </button>
    </p>
  );
  return (
    <Dialog label="Not sent">
      <div class="in">
        {of_before.length > 0 && (
          <p class="muted">
            Written in another history of the chain, and never sent in this one. Rooms and people may be others now, so
            it waits for you to decide.
          </p>
        )}
        {texts.length > 1 && (
          <p class="row">
            {here !== undefined && (
              <button
                class="btn small"
                type="button"
                onClick={() => take_up(texts.join('\n\n'), () => discard((change) => body_of(change) !== undefined))}
              >
                Put all into the box of {place}
              </button>
            )}
            <button class="btn small" type="button" onClick={() => void copy_text(texts.join('\n\n'))}>
              Copy all
            </button>
            <button
              class="btn small quiet"
              type="button"
              onClick={() => (sure.value ? discard(() => true) : (sure.value = true))}
            >
              {sure.value ? `Discard ${changes.length + begun.length} for good` : 'Discard all'}
            </button>
          </p>
        )}
        <ul class="flush left-over">
          {changes.map((change) => {
            const body = body_of(change);
            return (
              <li key={change.cid}>
                <p class="small-t muted">
                  {kinds[change.op] ?? 'A change'}
                  {change.place ? ` for ${change.place}` : ''}, {day_words(change.at, today())} {clock_time(change.at)}
                </p>
                {!of_before.includes(change) && <p class="small-t">{refusal_words(change)}</p>}
                {body !== undefined && <blockquote class="quoted">{body.slice(0, 2000)}</blockquote>}
                {choices(body, () => app.outbox.discard(change.cid))}
              </li>
            );
          })}
          {begun.map((one) => (
            <li key={`${one.conv} ${one.mid}`}>
              <p class="small-t muted">
                {one.mid === undefined ? 'What you began to write' : 'A message that you were changing'} in{' '}
                {app.chat.place_of(one.conv) || 'a conversation'}
              </p>
              <p class="small-t">This conversation is not there any more, or you left it.</p>
              <blockquote class="quoted">{one.text.slice(0, 2000)}</blockquote>
              {choices(one.text, () => app.drop(one))}
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

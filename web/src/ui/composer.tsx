// The box in which messages are written. It is never disabled and never loses text: drafts are kept on the device.
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Conversation } from '../protocol/types.gen';
import { edit_message, send_message, without_edges } from '../state/compose';
import { heard, kept_drafts } from '../state/device';
import {
  begun_edit,
  edit,
  editing,
  end_edit,
  open_dialog,
  returned_text,
  use_app,
  writing_in,
  type Editing,
} from './context';
import { is_blank } from './markup';
import { begin_edit } from './message';
import { Icon, IconButton } from './parts';

export function Composer({ conv }: { conv: Conversation }) {
  const app = use_app();
  const id = conv.conv;
  const draft = useSignal(kept_drafts.get(id));
  const box = useRef<HTMLTextAreaElement>(null);
  const changing = editing.value?.conv === id ? editing.value : undefined;
  // As it is now, also where nothing has been drawn since the last key.
  const change_now = () => (editing.peek()?.conv === id ? editing.peek() : undefined);
  const text_of = (change: Editing | undefined, draft: string) => (change ? (change.text ?? change.body) : draft);
  const text = text_of(changing, draft.value);
  const live = app.connection.value?.status.value.phase === 'live';
  const label = conv.kind === 'room' ? `Message #${conv.name}` : `Message ${conv.name}`;

  const put_draft = (value: string) => {
    draft.value = value;
    kept_drafts.set(id, value);
    app.typing.write(id, value !== '');
  };
  const put = (value: string) => {
    const change = change_now();
    if (change) edit({ ...change, text: value });
    else put_draft(value);
  };

  // What was begun here is in the box again. Before the next key can arrive: nothing that is typed must be overwritten.
  useLayoutEffect(() => {
    if (editing.peek()?.conv !== id) editing.value = begun_edit(id);
    return () => app.typing.write(id, false);
  }, [id]);

  // Another page of this browser wrote on, or sent it; or the history of the chain is another one.
  const told = heard.value;
  const restored = app.restored.value;
  useLayoutEffect(() => {
    draft.value = kept_drafts.get(id);
    // A change that was begun there does not take this box; one that is in this box goes on, or ends, as it does there.
    const change = told && change_now();
    if (change) editing.value = begun_edit(id, change.mid);
  }, [told, restored]);

  useLayoutEffect(() => {
    const back = returned_text.value;
    if (back === undefined) return;
    returned_text.value = undefined;
    if (changing) end_edit(id, changing.mid, false);
    put_draft(draft.value === '' ? back : `${back}\n${draft.value}`);
  }, [returned_text.value]);

  // After everything else is drawn: a dialog that is taken away moves the focus too.
  const wanted = writing_in.value === id && !open_dialog.value;
  useEffect(() => {
    if (!wanted) return;
    writing_in.value = undefined;
    box.current?.focus();
  }, [wanted]);

  const stop_edit = () => {
    const change = change_now();
    if (change) end_edit(id, change.mid, true);
  };

  const submit = () => {
    const change = change_now();
    const body = without_edges(text_of(change, draft.peek()));
    const blank = is_blank(body);
    if (!change) {
      if (blank) return;
      send_message(app.outbox, id, body);
      put_draft('');
    } else if (blank) {
      // A message of nothing is a deleted one: that is asked first.
      open_dialog.value = { name: 'delete', mid: change.mid };
    } else {
      if (body !== change.body) edit_message(app.outbox, id, change, body);
      stop_edit();
    }
  };

  const on_key = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && change_now()) stop_edit();
    else if (event.key === 'ArrowUp' && !change_now() && draft.peek() === '') {
      const me = app.chat.me.value?.uid;
      const mine = app.chat.view(id).value.window?.msgs.findLast((msg) => msg.uid === me && !msg.deleted);
      if (!mine) return;
      event.preventDefault();
      begin_edit(app.outbox, id, mine);
    }
  };

  return (
    <form
      class="composer"
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
        box.current?.focus();
      }}
    >
      {changing && (
        <p class="row editing">
          <Icon name="edit" small /> <span>Changing your message</span>
          <button class="link end" type="button" onClick={stop_edit}>
            Cancel
          </button>
        </p>
      )}
      <label class="vh" for="composer-text">
        {changing ? 'Change your message' : label}
      </label>
      <textarea
        id="composer-text"
        ref={box}
        rows={1}
        placeholder={label}
        value={text}
        onInput={(event) => put(event.currentTarget.value)}
        onKeyDown={on_key}
      />
      <div class="under">
        <small class={live ? 'hint' : ''}>
          {live
            ? 'Enter sends, Shift+Enter starts a new line'
            : 'You can keep writing. It is sent when a machine answers.'}
        </small>
        <IconButton
          icon={changing ? 'check' : 'send'}
          label={changing ? 'Save' : 'Send'}
          class="send"
          type="submit"
          flip={!changing}
        />
      </div>
    </form>
  );
}

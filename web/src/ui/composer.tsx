// The box in which messages are written. It is never disabled and never loses text: drafts are kept on the device.
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Conversation } from '../protocol/types.gen';
import { edit_message, send_message } from '../state/compose';
import { kept_drafts } from '../state/device';
import { editing, open_dialog, returned_text, use_app, writing_in } from './context';
import { begin_edit } from './message';
import { Icon, IconButton } from './parts';

export function Composer({ conv }: { conv: Conversation }) {
  const app = use_app();
  const id = conv.conv;
  const text = useSignal(kept_drafts.get(id));
  const box = useRef<HTMLTextAreaElement>(null);
  const edit = editing.value?.conv === id ? editing.value : undefined;
  const live = app.connection.value?.status.value.phase === 'live';
  const label = conv.kind === 'room' ? `Message #${conv.name}` : `Message ${conv.name}`;

  const put = (value: string) => {
    text.value = value;
    if (editing.value) return;
    kept_drafts.set(id, value);
    app.typing.write(id, value !== '');
  };

  // Before the next key can arrive: nothing that is typed must be overwritten.
  useLayoutEffect(() => {
    if (edit) text.value = edit.body;
    else text.value = kept_drafts.get(id);
    if (edit) box.current?.focus();
  }, [edit?.mid]);

  useLayoutEffect(() => {
    const back = returned_text.value;
    if (back === undefined) return;
    returned_text.value = undefined;
    put(text.value === '' ? back : `${back}\n${text.value}`);
  }, [returned_text.value]);

  // After everything else is drawn: a dialog that is taken away moves the focus too.
  const wanted = writing_in.value === id && !open_dialog.value;
  useEffect(() => {
    if (!wanted) return;
    writing_in.value = undefined;
    box.current?.focus();
  }, [wanted]);

  const stop_edit = () => (editing.value = undefined);

  const submit = () => {
    const body = text.value.trim();
    if (edit) {
      if (body !== '' && body !== edit.body) edit_message(app.outbox, id, edit, body);
      stop_edit();
      return;
    }
    if (body === '') return;
    send_message(app.outbox, id, body);
    put('');
  };

  const on_key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && edit) stop_edit();
    else if (event.key === 'ArrowUp' && text.value === '' && !edit) {
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
      {edit && (
        <p class="row editing">
          <Icon name="edit" small /> <span>Changing your message</span>
          <button class="link end" type="button" onClick={stop_edit}>
            Cancel
          </button>
        </p>
      )}
      <label class="vh" for="composer-text">
        {edit ? 'Change your message' : label}
      </label>
      <textarea
        id="composer-text"
        ref={box}
        rows={1}
        placeholder={label}
        value={text.value}
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
          icon={edit ? 'check' : 'send'}
          label={edit ? 'Save' : 'Send'}
          class="send"
          type="submit"
          flip={!edit}
        />
      </div>
    </form>
  );
}

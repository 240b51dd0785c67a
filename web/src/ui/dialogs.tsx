// The dialogs that change something: new room, new direct message, delete; and which dialog is open.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { LinkLost, Refused } from '../protocol/frames';
import type { User } from '../protocol/types.gen';
import { delete_message, sentence, shown_body } from '../state/compose';
import { end_edit, open_dialog, use_app, write_in, type OpenDialog } from './context';
import { Dialog, use_close } from './dialog';
import { LeftOver } from './left_over';
import { Avatar, Icon } from './parts';
import { Preferences } from './preferences';
import { Switcher } from './switcher';

function refusal(why: unknown): string {
  if (why instanceof Refused) {
    if (why.err.code === 'conflict') return 'A room with this name exists already.';
    return sentence(why.err.msg);
  }
  return why instanceof LinkLost ? 'The connection ended before the answer came.' : 'It did not work.';
}

function Problem({ id, text }: { id: string; text: string }) {
  if (text === '') return null;
  return (
    <small class="err" id={id} role="alert">
      <Icon name="refused" small /> {text}
    </small>
  );
}

function NewRoom() {
  const app = use_app();
  const close = use_close();
  const name = useSignal('');
  const topic = useSignal('');
  const error = useSignal('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = name.value.trim().toLowerCase();
    if (!/^[a-z0-9._-]{2,32}$/.test(wanted)) {
      error.value = 'Use 2 to 32 of a–z, 0–9, dot, dash and underscore.';
      return;
    }
    try {
      const about = topic.value.trim();
      const answer = await app.outbox.ask('conv.create', {
        kind: 'room',
        name: wanted,
        priv: false,
        ...(about ? { topic: about } : {}),
      });
      app.chat.sync_soon();
      if (close()) write_in(answer.d.conv);
    } catch (why) {
      error.value = refusal(why);
    }
  };
  return (
    <Dialog label="New room">
      <form class="contents" onSubmit={(event) => void submit(event)} noValidate>
        <div class="in">
          <div class="field">
            <label for="room-name">Name</label>
            <input
              class="input"
              id="room-name"
              autofocus
              autocomplete="off"
              autocapitalize="none"
              value={name.value}
              onInput={(event) => (name.value = event.currentTarget.value)}
              aria-invalid={error.value !== ''}
              aria-describedby={error.value === '' ? 'room-hint' : 'room-error'}
            />
            {error.value === '' ? (
              <small id="room-hint">Everybody here can find it and join.</small>
            ) : (
              <Problem id="room-error" text={error.value} />
            )}
          </div>
          <div class="field">
            <label for="room-topic">What it is for (may stay empty)</label>
            <input
              class="input"
              id="room-topic"
              autocomplete="off"
              value={topic.value}
              onInput={(event) => (topic.value = event.currentTarget.value)}
            />
          </div>
        </div>
        <footer>
          <button class="btn" type="button" onClick={close}>
            Cancel
          </button>
          <button class="btn primary" type="submit">
            Make room
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function NewPerson() {
  const app = use_app();
  const close = use_close();
  const name = useSignal('');
  const error = useSignal('');
  const found = useSignal<readonly User[]>([]);
  const me = app.chat.me.value?.uid;

  useEffect(() => {
    const prefix = name.value.trim().toLowerCase();
    const link = app.connection.value?.link;
    let wanted = true;
    if (link)
      link.request('users', { prefix }).then(
        (answer) => {
          if (wanted) found.value = answer.d.users.filter((user) => user.uid !== me).slice(0, 8);
        },
        () => {},
      );
    return () => {
      wanted = false;
    };
  }, [name.value]);

  const start = async (user: User) => {
    try {
      const answer = await app.outbox.ask('conv.create', { kind: 'dm', members: [user.uid] });
      app.chat.sync_soon();
      if (close()) write_in(answer.d.conv);
    } catch (why) {
      error.value = refusal(why);
    }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = name.value.trim().toLowerCase();
    const link = app.connection.value?.link;
    try {
      if (!link) throw new LinkLost();
      const answer = await link.request('users', { prefix: wanted });
      const user = answer.d.users.find((other) => other.name.toLowerCase() === wanted);
      if (!user || user.uid === me) {
        error.value = user ? 'This is you.' : `Nobody here is called “${wanted}”.`;
        return;
      }
      await start(user);
    } catch (why) {
      error.value = refusal(why);
    }
  };
  return (
    <Dialog label="New direct message">
      <form class="contents" onSubmit={(event) => void submit(event)} noValidate>
        <div class="in">
          <div class="field">
            <label for="person-name">Name</label>
            <input
              class="input"
              id="person-name"
              autofocus
              autocomplete="off"
              autocapitalize="none"
              value={name.value}
              onInput={(event) => {
                name.value = event.currentTarget.value;
                error.value = '';
              }}
              aria-invalid={error.value !== ''}
              aria-describedby={error.value === '' ? undefined : 'person-error'}
            />
            <Problem id="person-error" text={error.value} />
          </div>
          {found.value.length > 0 && (
            <ul class="people flush" aria-label="People">
              {found.value.map((user) => (
                <li key={user.uid}>
                  <Avatar uid={user.name} name={user.name} size="m" />
                  <p>
                    <bdi>{user.name}</bdi>
                  </p>
                  <button
                    class="btn small end"
                    type="button"
                    aria-label={`Write to ${user.name}`}
                    onClick={() => void start(user)}
                  >
                    Write
                  </button>
                </li>
              ))}
            </ul>
          )}
        </div>
        <footer>
          <button class="btn" type="button" onClick={close}>
            Cancel
          </button>
          <button class="btn primary" type="submit">
            Start
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function DeleteMessage({ mid }: { mid: string }) {
  const app = use_app();
  const close = use_close();
  const conv = app.chat.open_conv.value;
  const msg =
    conv === undefined ? undefined : app.chat.view(conv).value.window?.msgs.find((other) => other.mid === mid);
  return (
    <Dialog label="Delete this message?">
      <div class="in">
        {msg && <blockquote class="quoted">{shown_body(app.outbox, msg).slice(0, 300)}</blockquote>}
        <p class="muted">Everybody will see that you deleted a message here. The text is gone for good.</p>
      </div>
      <footer>
        <button class="btn" type="button" autofocus onClick={close}>
          Keep
        </button>
        <button
          class="btn danger"
          type="button"
          onClick={() => {
            close();
            if (conv === undefined) return;
            delete_message(app.outbox, conv, mid);
            end_edit(conv, mid, true);
            write_in(conv);
          }}
        >
          Delete
        </button>
      </footer>
    </Dialog>
  );
}

function Opened({ dialog }: { dialog: OpenDialog }) {
  switch (dialog.name) {
    case 'new-room':
      return <NewRoom />;
    case 'new-person':
      return <NewPerson />;
    case 'delete':
      return <DeleteMessage mid={dialog.mid ?? ''} />;
    case 'left-over':
      return <LeftOver />;
    case 'preferences':
      return <Preferences />;
    case 'switcher':
      return <Switcher />;
  }
}

export function Dialogs() {
  const dialog = open_dialog.value;
  // Each opening is a dialog of its own, the second one of the same name, too.
  return dialog ? <Opened key={dialog} dialog={dialog} /> : null;
}

// Dialogs: new room, new direct message, delete, preferences with the keys, and the switcher. All are native <dialog>s.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { LinkLost, Refused } from '../protocol/frames';
import type { Conversation, User } from '../protocol/types.gen';
import { delete_message } from '../state/compose';
import type { Theme } from '../state/device';
import { focus_composer, open_dialog, use_app, write_in } from './context';
import { Avatar, Icon, IconButton } from './parts';
import { ordered_convs, unread_of } from './rail';
import { route } from './route';

const close = () => (open_dialog.value = undefined);

function Dialog(props: { label: string; class?: string; titled?: boolean; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      class={props.class}
      aria-label={props.label}
      onClose={close}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      {props.titled !== false && (
        <header>
          <h2>{props.label}</h2>
          <span class="row end">
            <IconButton icon="close" label="Close" onClick={close} />
          </span>
        </header>
      )}
      {props.children}
    </dialog>
  );
}

function refusal(why: unknown): string {
  if (why instanceof Refused) {
    if (why.err.code === 'conflict') return 'A room with this name exists already.';
    return `${why.err.msg.charAt(0).toUpperCase()}${why.err.msg.slice(1)}.`;
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
      close();
      write_in(answer.d.conv);
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
      close();
      write_in(answer.d.conv);
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
  const conv = app.chat.open_conv.value;
  const msg =
    conv === undefined ? undefined : app.chat.view(conv).value.window?.msgs.find((other) => other.mid === mid);
  return (
    <Dialog label="Delete this message?">
      <div class="in">
        {msg && <blockquote class="quoted">{msg.body.slice(0, 300)}</blockquote>}
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
            if (conv !== undefined) delete_message(app.outbox, conv, mid);
            close();
            focus_composer();
          }}
        >
          Delete
        </button>
      </footer>
    </Dialog>
  );
}

const keys: [string, string][] = [
  ['Jump to a room or person', 'Ctrl K'],
  ['Next, previous conversation', 'Alt ↓ ↑'],
  ['Next unread', 'Alt Shift ↓'],
  ['Change your last message', '↑'],
  ['Between parts of the page', 'F6'],
  ['Back to the box', 'Esc'],
  ['On a message: change, delete, copy', 'E Del C'],
];

function Preferences() {
  const app = use_app();
  const themes: [Theme, string, string][] = [
    ['system', 'system', 'System'],
    ['light', 'sun', 'Light'],
    ['dark', 'moon', 'Dark'],
  ];
  return (
    <Dialog label="Preferences">
      <div class="in">
        <fieldset class="opt">
          <legend class="vh">Colours</legend>
          <p aria-hidden="true">Colours</p>
          <div class="seg">
            {themes.map(([theme, icon, words]) => (
              <label key={theme}>
                <input
                  type="radio"
                  name="theme"
                  checked={app.theme.value === theme}
                  onChange={() => (app.theme.value = theme)}
                />
                <Icon name={icon} small />
                {words}
              </label>
            ))}
          </div>
        </fieldset>
        <section class="keys only-l" aria-label="Keys">
          <dl>
            {keys.map(([what, key]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  {key.split(' ').map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
        {!app.outbox.durable && (
          <p class="warn-t">This browser keeps nothing for this site: what waits is lost when the page is closed.</p>
        )}
      </div>
      <footer>
        <span class="muted small-t">
          Signed in as <b>{app.session.value?.name}</b>
        </span>
        <button
          class="btn end"
          type="button"
          onClick={() => {
            close();
            void app.sign_out();
          }}
        >
          Sign out
        </button>
      </footer>
    </Dialog>
  );
}

function Switcher() {
  const app = use_app();
  const words = useSignal('');
  const at = useSignal(0);
  const { rooms, people } = ordered_convs(app.chat.convs.value.values());
  const wanted = words.value.trim().toLowerCase();
  const by_unread = (a: Conversation, b: Conversation) => Number(unread_of(b) > 0) - Number(unread_of(a) > 0);
  const hits = [...rooms, ...people]
    .filter((conv) => conv.name.includes(wanted))
    .sort(by_unread)
    .slice(0, 9);
  const chosen = Math.min(at.value, hits.length - 1);
  const take = (conv: Conversation | undefined) => {
    if (!conv) return;
    close();
    write_in(conv.conv);
  };
  const on_key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && hits.length > 0) {
      event.preventDefault();
      at.value = (chosen + step + hits.length) % hits.length;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(hits[chosen]);
    }
  };
  return (
    <Dialog label="Jump to" class="switcher" titled={false}>
      <div class="with-icon">
        <Icon name="search" />
        <label class="vh" for="switch-to">
          Room or person
        </label>
        <input
          class="input"
          id="switch-to"
          autofocus
          autocomplete="off"
          placeholder="Room or person"
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls="switch-list"
          aria-activedescendant={hits.length > 0 ? `switch-${chosen}` : undefined}
          value={words.value}
          onInput={(event) => {
            words.value = event.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={on_key}
        />
      </div>
      {hits.length > 0 ? (
        <ul id="switch-list" role="listbox" aria-label="Results">
          {hits.map((conv, index) => (
            <li
              key={conv.conv}
              id={`switch-${index}`}
              role="option"
              aria-selected={index === chosen}
              onClick={() => take(conv)}
            >
              {conv.kind === 'room' ? <Icon name="hash" small /> : <Avatar uid={conv.name} name={conv.name} size="s" />}
              <span>{conv.name}</span>
              <small>
                {unread_of(conv) > 0
                  ? `${unread_of(conv)} unread`
                  : route.value.page === 'conv' && route.value.conv === conv.conv
                    ? 'here'
                    : ''}
              </small>
            </li>
          ))}
        </ul>
      ) : (
        <p class="none-yet pad" role="status">
          Nothing for “{words.value}”. Make a room or write to a person with the plus signs in the list.
        </p>
      )}
    </Dialog>
  );
}

export function Dialogs() {
  const dialog = open_dialog.value;
  switch (dialog?.name) {
    case 'new-room':
      return <NewRoom />;
    case 'new-person':
      return <NewPerson />;
    case 'delete':
      return <DeleteMessage mid={dialog.mid ?? ''} />;
    case 'preferences':
      return <Preferences />;
    case 'switcher':
      return <Switcher />;
    case undefined:
      return null;
  }
}

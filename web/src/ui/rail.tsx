// The list of rooms and people. One tab stop: arrow keys move between rows, Alt with arrows works from anywhere.
import type { Conversation } from '../protocol/types.gen';
import { Boundary } from './boundary';
import { open_dialog, use_app } from './context';
import { Avatar, ChainMark, health_of, Icon, IconButton } from './parts';
import { go, route } from './route';

export function unread_of(conv: Conversation): number {
  return Math.max(0, conv.seq - conv.read);
}

export function ordered_convs(convs: Iterable<Conversation>): { rooms: Conversation[]; people: Conversation[] } {
  const by_name = [...convs].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  return {
    rooms: by_name.filter((conv) => conv.kind === 'room' && conv.member !== false),
    people: by_name.filter((conv) => conv.kind === 'dm'),
  };
}

// More than fits into a line of the list: a text may have 16 KB, and each room has one.
const preview_length = 120;

function Row({ conv, current, stop }: { conv: Conversation; current: boolean; stop: boolean }) {
  const app = use_app();
  const unread = unread_of(conv);
  const last = conv.last;
  // Between two people only "You" has to be said.
  const mine = last?.uid === app.chat.me.value?.uid;
  const author = mine ? 'You: ' : last && conv.kind === 'room' ? `${app.chat.name_of(last.uid)}: ` : '';
  return (
    <li>
      <a
        class={`rm ${unread > 0 ? 'unread' : ''}`}
        href={`#/${conv.conv}`}
        aria-current={current ? 'page' : undefined}
        tabIndex={stop ? 0 : -1}
      >
        {conv.kind === 'room' ? (
          <Icon name={conv.priv ? 'lock' : 'hash'} />
        ) : (
          <Avatar uid={conv.name} name={conv.name} size="s" />
        )}
        <span class="cut">
          <bdi>{conv.name}</bdi>
          {last && (last.body !== '' || last.deleted) && (
            <small>
              {author}
              {last.deleted ? 'message deleted' : last.body.slice(0, preview_length)}
            </small>
          )}
        </span>
        {unread > 0 && (
          <span class={conv.kind === 'dm' || conv.mentions > 0 ? 'n at' : 'n'}>
            {unread}
            <span class="vh"> unread</span>
          </span>
        )}
      </a>
    </li>
  );
}

function rove(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || event.altKey) return;
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('a.rm')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

export function Rail() {
  const app = use_app();
  const { rooms, people } = ordered_convs(app.chat.convs.value.values());
  const here = route.value.page === 'conv' ? route.value.conv : undefined;
  const stop = [...rooms, ...people].find((conv) => conv.conv === here)?.conv ?? rooms[0]?.conv ?? people[0]?.conv;
  const me = app.chat.me.value ?? app.session.value;
  const phase = app.connection.value?.status.value.phase;
  const health = health_of(app.chat.cluster.value, phase === 'live');
  const joinable = [...app.chat.convs.value.values()].filter((conv) => conv.member === false).length;
  const list = (convs: Conversation[], none: string, more = 0) =>
    convs.length === 0 && more === 0 ? (
      <p class="none-yet">{app.chat.loaded.value ? none : 'Not loaded yet'}</p>
    ) : (
      <ul>
        {convs.map((conv) => (
          <Boundary
            key={conv.conv}
            of={conv}
            instead={
              <li>
                <a class="rm" href={`#/${conv.conv}`}>
                  {conv.conv}
                </a>
              </li>
            }
          >
            <Row conv={conv} current={conv.conv === here} stop={conv.conv === stop} />
          </Boundary>
        ))}
        {more > 0 && (
          <li>
            <a
              class="rm"
              href="#/rooms"
              aria-current={route.value.page === 'rooms' ? 'page' : undefined}
              tabIndex={stop === undefined ? 0 : -1}
            >
              <Icon name="search" />
              <span class="cut">{more === 1 ? '1 more room' : `${more} more rooms`}</span>
            </a>
          </li>
        )}
      </ul>
    );
  return (
    <nav class="rail" aria-label="Rooms and people">
      <div class="rail-top">
        <p class="row team">
          <span class="tile" aria-hidden="true">
            c
          </span>{' '}
          chaind
        </p>
        <button class="btn jump" type="button" onClick={() => (open_dialog.value = { name: 'switcher' })}>
          <Icon name="search" small /> Jump to <kbd>Ctrl K</kbd>
        </button>
      </div>
      <div class="rail-list" onKeyDown={rove}>
        <h2>
          <a class="plain" href="#/rooms">
            Rooms
          </a>{' '}
          <IconButton
            icon="plus"
            label="New room"
            class="small"
            onClick={() => (open_dialog.value = { name: 'new-room' })}
          />
        </h2>
        {list(rooms, 'None yet', joinable)}
        <h2>
          People{' '}
          <IconButton
            icon="plus"
            label="New direct message"
            class="small"
            onClick={() => (open_dialog.value = { name: 'new-person' })}
          />
        </h2>
        {list(people, app.chat.users.value.size > 1 ? 'No direct messages yet' : 'Only you so far')}
      </div>
      <div class="rail-foot">
        {app.put_off.value > 0 && (
          <button class="btn small" type="button" onClick={() => (open_dialog.value = { name: 'left-over' })}>
            {app.left.value} not sent
          </button>
        )}
        <a
          class={`health ${health.tone}`}
          href="#/cluster"
          aria-current={route.value.page === 'cluster' ? 'page' : undefined}
        >
          <ChainMark have={health.have} want={health.want} /> {health.words}
        </a>
        <div class="row me">
          {me && <Avatar uid={me.name} name={me.name} size="m" />}{' '}
          <span class="cut who">
            <b>
              <bdi>{me?.name}</bdi>
            </b>
          </span>
          <span class="row end">
            <IconButton
              icon="settings"
              label="Preferences"
              onClick={() => (open_dialog.value = { name: 'preferences' })}
            />
          </span>
        </div>
      </div>
    </nav>
  );
}

// Alt+Up and Alt+Down: the previous and next conversation; with Shift, the next one that has something unread.
export function step_conversation(convs: Iterable<Conversation>, step: 1 | -1, unread_only: boolean): void {
  const { rooms, people } = ordered_convs(convs);
  const all = [...rooms, ...people];
  const here = route.value.page === 'conv' ? route.value.conv : undefined;
  const at = all.findIndex((conv) => conv.conv === here);
  for (let i = 1; i <= all.length; i++) {
    const next = all[(at + step * i + all.length * 2) % all.length];
    if (next && (!unread_only || unread_of(next) > 0)) {
      go(`/${next.conv}`);
      return;
    }
  }
}

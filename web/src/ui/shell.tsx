// The page: sign-in, or the list, the main part and a side pane; and the keys that work everywhere.
import { useEffect } from 'preact/hooks';
import { ClusterPage } from './cluster';
import { editing, focus_composer, open_dialog, pane_open, use_app } from './context';
import { Dialogs } from './dialogs';
import { Rail, ordered_convs, step_conversation } from './rail';
import { MembersPane, Room } from './room';
import { leave_keys_to_input_methods } from './keys';
import { Icon } from './parts';
import { FirstRun, RoomsPage } from './rooms';
import { is_phone, lead_on, route } from './route';
import { SignIn } from './signin';
import { watch_the_day } from './today';
import { Announcer, ConnectionPill, DegradedBand, RestoredBand } from './status';

// The parts of the page that F6 walks, and where the focus goes in each.
const regions: [part: string, target: string][] = [
  ['.rail', 'a.rm[tabindex="0"]'],
  ['.composer', 'textarea'],
  ['.log', ''],
  ['.page', 'input, a.btn, button'],
  ['.pane', 'button'],
];

function next_region(): void {
  const present = regions.flatMap(([part, target]) => {
    const region = document.querySelector<HTMLElement>(part);
    const focus =
      region &&
      (target === '' ? region : (region.querySelector<HTMLElement>(target) ?? region.querySelector('button')));
    return region && focus ? [{ region, focus }] : [];
  });
  const at = present.findIndex(({ region }) => region.contains(document.activeElement));
  present[(at + 1) % present.length]?.focus.focus();
}

function use_keys(): void {
  const app = use_app();
  useEffect(() => {
    const on_key = (event: KeyboardEvent) => {
      if (!app.session.value) return;
      const modifier = event.ctrlKey || event.metaKey;
      if (modifier && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        open_dialog.value = { name: 'switcher' };
      } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        event.preventDefault();
        step_conversation(app.chat.convs.value.values(), event.key === 'ArrowDown' ? 1 : -1, event.shiftKey);
      } else if (event.key === 'F6') {
        event.preventDefault();
        next_region();
      } else if (event.key === 'Escape' && !open_dialog.value && document.activeElement === document.body)
        focus_composer();
    };
    addEventListener('keydown', on_key);
    return () => removeEventListener('keydown', on_key);
  }, []);
}

// The open conversation has gone: somebody removed the room, or this person left it at another page.
function Gone({ place }: { place: string }) {
  const app = use_app();
  useEffect(() => {
    editing.value = undefined;
    if (open_dialog.peek()?.name === 'delete') open_dialog.value = undefined;
    // It was in the box, or at one of the messages, and they have gone.
    if (document.activeElement === document.body) document.getElementById('main')?.focus();
  }, []);
  const left = app.begun.value.length > 0;
  return (
    <>
      <header class="bar">
        <a class="ib back only-s" href="#/" aria-label="Back to the list">
          <Icon name="back" flip />
        </a>
        <h1>{place}</h1>
      </header>
      <ConnectionPill />
      <DegradedBand />
      <RestoredBand />
      <div class="empty" role="status">
        <h2>{place || 'This conversation'} is not there any more</h2>
        <p>It was removed, or you left it.{left && ' What you had begun to write is kept.'}</p>
        <div class="row">
          <a class="btn primary" href="#/rooms">
            See all rooms
          </a>
        </div>
      </div>
    </>
  );
}

function Main() {
  const app = use_app();
  const here = route.value;
  const convs = app.chat.convs.value;
  const conv = here.page === 'conv' ? convs.get(here.conv) : undefined;
  if (conv) return <Room conv={conv} />;
  const loaded = app.chat.loaded.value;
  const live = app.connection.value?.status.value.phase === 'live';
  const gone = here.page === 'conv' ? app.chat.gone.value.get(here.conv) : undefined;
  const page =
    here.page === 'cluster' ? (
      <ClusterPage />
    ) : loaded && gone !== undefined ? (
      <Gone place={gone} />
    ) : !loaded || (convs.size === 0 && here.page !== 'rooms') ? (
      <>
        <ConnectionPill />
        <DegradedBand />
        <RestoredBand />
        {loaded ? (
          <FirstRun />
        ) : (
          <p class="empty">{live ? 'Fetching your conversations' : 'Looking for a machine that answers'}</p>
        )}
      </>
    ) : (
      <RoomsPage />
    );
  return (
    <main class="main" id="main" tabIndex={-1}>
      {page}
    </main>
  );
}

function Title() {
  const app = use_app();
  const here = route.value;
  const unread = app.chat.unread_total.value;
  const name =
    here.page === 'conv' ? app.chat.convs.value.get(here.conv)?.name : here.page === 'cluster' ? 'Cluster' : undefined;
  const title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `${name} · ` : ''}chaind`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}

export function Shell() {
  const app = use_app();
  useEffect(leave_keys_to_input_methods, []);
  use_keys();
  useEffect(watch_the_day, []);
  const here = route.value;
  const convs = app.chat.convs.value;
  // On a wide screen an address without a place opens the first conversation; never under a dialog, which may be making
  // it and goes there itself.
  const dialog = open_dialog.value !== undefined;
  useEffect(() => {
    if (here.page !== 'home' || is_phone.value || dialog || !app.chat.loaded.value) return;
    const { rooms, people } = ordered_convs(convs.values());
    const first = rooms[0] ?? people[0];
    if (first) lead_on(`/${first.conv}`);
  }, [here, convs, is_phone.value, dialog]);

  // Another history: the message that is being changed or deleted may be another one there.
  const restored = app.restored.value;
  useEffect(() => {
    if (!restored) return;
    editing.value = undefined;
    if (open_dialog.value?.name === 'delete') open_dialog.value = undefined;
  }, [restored]);

  if (!app.session.value) return <SignIn />;
  const conv = here.page === 'conv' ? convs.get(here.conv) : undefined;
  const empty_phone = here.page === 'home' && !(app.chat.loaded.value && convs.size === 0);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          (document.getElementById('composer-text') ?? document.getElementById('main'))?.focus();
        }}
      >
        {conv ? 'Skip to message box' : 'Skip to content'}
      </a>
      <div class="app" data-view={empty_phone ? 'list' : 'room'}>
        {is_phone.value && empty_phone ? (
          <main class="contents" id="main" tabIndex={-1}>
            <h1 class="vh">Rooms and people</h1>
            <Rail />
          </main>
        ) : (
          <>
            <Rail />
            <Main />
          </>
        )}
        {conv && conv.member !== false && pane_open.value && <MembersPane conv={conv} />}
      </div>
      <Title />
      <Announcer />
      <Dialogs />
    </>
  );
}

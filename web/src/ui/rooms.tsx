// The directory of rooms, and the first page of a chain that holds no messages yet.
import { useSignal } from '@preact/signals';
import { Refused } from '../protocol/frames';
import type { Conversation } from '../protocol/types.gen';
import { open_dialog, use_app } from './context';
import { capital, ChainMark, Icon, in_words, listed } from './parts';
import { go } from './route';
import { ConnectionPill, DegradedBand, RestoredBand } from './status';

export function use_join(): { problem: string; join(conv: Conversation): Promise<void> } {
  const app = use_app();
  const problem = useSignal('');
  return {
    problem: problem.value,
    join: async (conv) => {
      problem.value = '';
      try {
        await app.outbox.ask('conv.join', { conv: conv.conv });
        app.chat.sync_soon();
        go(`/${conv.conv}`);
      } catch (why) {
        problem.value =
          why instanceof Refused ? `${capital(why.err.msg)}.` : 'The connection ended before the answer came.';
      }
    },
  };
}

export function FirstRun() {
  const app = use_app();
  const cluster = app.chat.cluster.value;
  const have = cluster?.replicas ?? 0;
  const names = cluster?.endpoints.map((endpoint) => endpoint.node) ?? [];
  const holds = names.length > 1 ? `Each of ${listed(names)} holds a full copy` : `${listed(names)} holds the only copy`;
  return (
    <div class="empty first">
      <span class="ok-t">
        <ChainMark have={have} want={cluster?.want ?? 3} />
      </span>
      <h1>
        {capital(in_words(have))} {have === 1 ? 'machine' : 'machines'}, no messages yet
      </h1>
      <p>{holds}. Make the first room, then bring people in.</p>
      <div class="row">
        <button class="btn primary" type="button" onClick={() => (open_dialog.value = { name: 'new-room' })}>
          <Icon name="plus" small /> Make a room
        </button>
        <button class="btn" type="button" onClick={() => (open_dialog.value = { name: 'new-person' })}>
          Write to somebody
        </button>
      </div>
    </div>
  );
}

export function RoomsPage() {
  const app = use_app();
  const words = useSignal('');
  const { problem, join } = use_join();
  const all = [...app.chat.convs.value.values()].filter((conv) => conv.kind === 'room');
  const mine = all.filter((conv) => conv.member !== false);
  const open = all.filter((conv) => conv.member === false);
  const wanted = words.value.trim().toLowerCase();
  const shown = all
    .filter((conv) => conv.name.includes(wanted) || (conv.topic ?? '').toLowerCase().includes(wanted))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const others =
    open.length === 0
      ? 'No other room is open to you.'
      : open.length === 1
        ? 'One more is open to everyone.'
        : `${capital(in_words(open.length))} more are open to everyone.`;
  const tally =
    mine.length === 0
      ? `You are in no room yet. ${open.length === 0 ? 'Make the first one.' : others.replace(' more', '')}`
      : `You are in ${mine.length === 1 ? 'one room' : `${in_words(mine.length)} rooms`}. ${others}`;
  return (
    <>
      <header class="bar">
        <a class="ib back only-s" href="#/" aria-label="Back to the list">
          <Icon name="back" flip />
        </a>
        <h1>Rooms</h1>
      </header>
      <DegradedBand />
      <RestoredBand />
      <div class="page narrow">
        <div class="row">
          <div class="with-icon grow">
            <Icon name="search" />
            <label class="vh" for="find-room">
              Find a room
            </label>
            <input
              class="input"
              id="find-room"
              placeholder="Find a room"
              value={words.value}
              onInput={(event) => (words.value = event.currentTarget.value)}
            />
          </div>
          <button class="btn" type="button" onClick={() => (open_dialog.value = { name: 'new-room' })}>
            <Icon name="plus" small /> New room
          </button>
        </div>
        <p class="muted tally" role="status">
          {problem !== '' ? problem : tally}
        </p>
        {shown.length > 0 ? (
          <ul class="list">
            {shown.map((conv) => (
              <li key={conv.conv}>
                <Icon name={conv.priv ? 'lock' : 'hash'} />
                <p>
                  <b>{conv.name}</b> <span class="muted">{conv.topic}</span>
                  {conv.members !== undefined && (
                    <small>{conv.members === 1 ? '1 person' : `${conv.members} people`}</small>
                  )}
                </p>
                {conv.member === false ? (
                  <button
                    class="btn small end"
                    type="button"
                    aria-label={`Join ${conv.name}`}
                    onClick={() => void join(conv)}
                  >
                    Join
                  </button>
                ) : (
                  <a class="btn small quiet end" href={`#/${conv.conv}`} aria-label={`Open ${conv.name}`}>
                    Open
                  </a>
                )}
              </li>
            ))}
          </ul>
        ) : (
          wanted !== '' && <p class="muted">Nothing for “{words.value}”. Try a part of the name.</p>
        )}
      </div>
      <ConnectionPill />
    </>
  );
}

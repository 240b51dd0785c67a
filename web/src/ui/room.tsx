// One conversation: its bar, the log, the box, and the people in it.
import { useEffect } from 'preact/hooks';
import type { Conversation } from '../protocol/types.gen';
import { typing_words } from '../state/typing';
import { Composer } from './composer';
import { pane_open, use_app } from './context';
import { Log } from './log';
import { Avatar, Icon, IconButton } from './parts';
import { use_join } from './rooms';
import { go } from './route';
import { ConnectionPill, DegradedBand, RestoredBand } from './status';

export function Room({ conv }: { conv: Conversation }) {
  const app = use_app();
  const { problem, join } = use_join();
  const member = conv.member !== false;
  useEffect(() => {
    app.chat.open(member ? conv.conv : undefined);
    return () => app.chat.open(undefined);
  }, [conv.conv, member]);
  const people = app.chat.view(conv.conv).value.members.length;
  return (
    <main class="main" id="main" tabIndex={-1}>
      <header class="bar">
        <a class="ib back only-s" href="#/" aria-label="Back to the list">
          <Icon name="back" flip />
        </a>
        <h1>
          {conv.kind === 'room' ? (
            <Icon name={conv.priv ? 'lock' : 'hash'} />
          ) : (
            <Avatar uid={conv.name} name={conv.name} size="s" />
          )}
          <span class="cut">
            <bdi>{conv.name}</bdi>
          </span>
        </h1>
        <p class="topic cut">{conv.topic}</p>
        {member && (
          <IconButton
            icon="members"
            label={people === 0 ? 'Members' : people === 1 ? '1 member' : `${people} members`}
            class="count"
            expanded={pane_open.value}
            onClick={() => (pane_open.value = !pane_open.value)}
          >
            {people > 0 && <span class="num">{people}</span>}
          </IconButton>
        )}
      </header>
      <ConnectionPill />
      <DegradedBand />
      <RestoredBand />
      {member ? (
        <>
          <Log key={conv.conv} conv={conv} />
          <TypingLine conv={conv.conv} />
          <Composer key={`box ${conv.conv}`} conv={conv} />
        </>
      ) : (
        <div class="empty">
          <h2>#{conv.name} is open to everyone</h2>
          <p>{problem !== '' ? problem : (conv.topic ?? 'Join to read what was written and to write yourself.')}</p>
          <div class="row">
            <button class="btn primary" type="button" onClick={() => void join(conv)}>
              Join
            </button>
          </div>
        </div>
      )}
    </main>
  );
}

function TypingLine({ conv }: { conv: string }) {
  const app = use_app();
  const me = app.chat.me.value?.uid;
  const names = [...(app.typing.people.value.get(conv) ?? [])]
    .filter((uid) => uid !== me)
    .map((uid) => app.chat.name_of(uid));
  return (
    <p class="typing">
      {names.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span>{typing_words(names)}</span>
        </>
      )}
    </p>
  );
}

export function MembersPane({ conv }: { conv: Conversation }) {
  const app = use_app();
  const view = app.chat.view(conv.conv).value;
  const names = view.members
    .map((member) => ({ ...member, name: member.name ?? app.chat.name_of(member.uid) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const leave = async () => {
    try {
      await app.outbox.ask('conv.leave', { conv: conv.conv });
      app.chat.sync_soon();
      pane_open.value = false;
      go('/rooms');
    } catch {
      // Still a member; the list says so.
    }
  };
  const close = () => (pane_open.value = false);
  return (
    <aside
      class="pane"
      aria-label="Members"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header class="bar">
        <h2>Members</h2>
        <span class="row end">
          <IconButton icon="close" label="Close" onClick={close} />
        </span>
      </header>
      <div class="scroll people" tabIndex={0} role="region" aria-label="List of members">
        <ul>
          {names.map((member) => (
            <li key={member.uid}>
              <Avatar uid={member.name} name={member.name} size="m" />
              <p>
                <bdi>{member.name}</bdi>
                {member.uid === app.chat.me.value?.uid && <small> you</small>}
              </p>
            </li>
          ))}
        </ul>
      </div>
      {conv.kind === 'room' && (
        <p class="pad">
          <button class="btn" type="button" onClick={() => void leave()}>
            Leave this room
          </button>
        </p>
      )}
    </aside>
  );
}

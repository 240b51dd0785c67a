// The messages of the open conversation. It stays at the end while the reader is there, keeps what is on the screen where
// it is when older messages come in, and fetches pages at both ends.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Conversation } from '../protocol/types.gen';
import { shown_body } from '../state/compose';
import { Boundary } from './boundary';
import { focus_composer, open_dialog, use_app } from './context';
import { begin_edit, MessageView, RawMessage } from './message';
import { copy_text, day_key, day_words } from './parts';
import { log_rows, type LogRow } from './rows';
import { today } from './today';

const near_end_px = 48;
const fetch_ahead_px = 700;

export function Log({ conv }: { conv: Conversation }) {
  const app = use_app();
  const { chat, outbox } = app;
  const id = conv.conv;
  const box = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const anchor = useRef<{ element: HTMLElement; offset: number } | undefined>(undefined);
  const active = useSignal('');
  const focused = useSignal('');
  const away_from_end = useSignal(false);
  const read_before = useRef(conv.read);

  const rows = useComputed(() =>
    log_rows({
      view: chat.view(id).value,
      settled: chat.settled.value.values(),
      changes: outbox.entries.value.filter((change) => change.lane === id && !outbox.left_over.value.includes(change)),
      conv: id,
      me: chat.me.value?.uid ?? '',
      chain_size: chat.cluster.value?.replicas ?? 0,
      stored_on: chat.stored_on,
      keeps: outbox.durable,
      read_before: read_before.current,
    }),
  );
  const view = chat.view(id).value;
  const window = view.window;

  const note_seen = () => {
    const last = chat.view(id).value.window?.msgs.at(-1);
    if (!last || !sticks.current || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    if (!chat.view(id).value.window?.has_newer) chat.seen(id, last.seq);
  };

  const fetch_ends = () => {
    const log = box.current;
    const now = chat.view(id).value;
    if (!log || !now.window || now.loading) return;
    if (now.window.has_older && log.scrollTop < fetch_ahead_px) void chat.load_older(id);
    else if (now.window.has_newer && log.scrollHeight - log.scrollTop - log.clientHeight < fetch_ahead_px)
      void chat.load_newer(id);
  };

  const remember = () => {
    const log = box.current;
    if (!log) return;
    const from_end = log.scrollHeight - log.scrollTop - log.clientHeight;
    sticks.current = from_end < near_end_px && !chat.view(id).value.window?.has_newer;
    away_from_end.value = !sticks.current;
    const top = [...log.querySelectorAll<HTMLElement>('article')].find(
      (row) => row.offsetTop + row.offsetHeight > log.scrollTop,
    );
    anchor.current = top && { element: top, offset: top.offsetTop - log.scrollTop };
  };

  const on_scroll = () => {
    remember();
    fetch_ends();
    note_seen();
  };

  const to_end = () => {
    sticks.current = true;
    away_from_end.value = false;
    if (chat.view(id).value.window?.has_newer) void chat.load_newest(id);
    else if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  useLayoutEffect(() => {
    const log = box.current;
    if (!log) return;
    if (sticks.current) log.scrollTop = log.scrollHeight;
    else if (anchor.current?.element.isConnected)
      log.scrollTop = anchor.current.element.offsetTop - anchor.current.offset;
    remember();
    fetch_ends();
    note_seen();
  }, [rows.value, view.loading]);

  // One's own message is always followed.
  const local_count = rows.value.filter((row) => row.local).length;
  const locals_before = useRef(local_count);
  useEffect(() => {
    if (local_count > locals_before.current) to_end();
    locals_before.current = local_count;
  }, [local_count]);

  useEffect(() => {
    addEventListener('focus', note_seen);
    document.addEventListener('visibilitychange', note_seen);
    const resized = new ResizeObserver(() => {
      if (box.current && sticks.current) box.current.scrollTop = box.current.scrollHeight;
    });
    if (box.current) resized.observe(box.current);
    return () => {
      removeEventListener('focus', note_seen);
      document.removeEventListener('visibilitychange', note_seen);
      resized.disconnect();
    };
  }, [id]);

  const row_of = (target: EventTarget | null): string =>
    (target instanceof Element ? target.closest<HTMLElement>('article') : null)?.dataset.mid ?? '';

  const on_key = (event: KeyboardEvent) => {
    const article =
      event.target instanceof Element && event.target.matches('article') ? (event.target as HTMLElement) : undefined;
    if (event.key === 'Escape') {
      focus_composer();
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (event.altKey || (!article && event.target !== box.current)) return;
      const all = [...(box.current?.querySelectorAll<HTMLElement>('article') ?? [])];
      const at = article ? all.indexOf(article) : all.length;
      const next = all[at + (event.key === 'ArrowDown' ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      focused.value = next.dataset.mid ?? '';
      next.focus();
      return;
    }
    const row = article && rows.value.find((other) => other.msg.mid === article.dataset.mid);
    if (!row || row.local || row.msg.deleted || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'c') void copy_text(shown_body(outbox, row.msg));
    if (event.key === 'e' && row.mine) {
      event.preventDefault();
      begin_edit(outbox, id, row.msg);
    }
    if (event.key === 'Delete' && row.mine) open_dialog.value = { name: 'delete', mid: row.msg.mid };
  };

  return (
    <>
      <div
        ref={box}
        class="log"
        role="log"
        aria-live="off"
        aria-label={`Messages in ${conv.name}`}
        aria-busy={!window}
        tabIndex={0}
        onScroll={on_scroll}
        onKeyDown={on_key}
        onMouseOver={(event) => (active.value = row_of(event.target))}
        onMouseLeave={() => (active.value = '')}
        onFocusIn={(event) => (active.value = row_of(event.target))}
      >
        {window && !window.has_older && <Beginning conv={conv} />}
        {!window && rows.value.length === 0 && (
          <p class="none-yet">
            {view.loading ? 'Fetching the messages' : 'The messages are fetched when a machine answers.'}
          </p>
        )}
        {rows.value.map((row) => (
          <Boundary key={row.key} of={row.msg} instead={<RawMessage msg={row.msg} />}>
            <Lines row={row} />
            <MessageView
              conv={id}
              msg={row.msg}
              local={row.local}
              alteration={row.alteration}
              first={row.first}
              mine={row.mine}
              receipt={row.receipt}
              worded={row.worded}
              active={active.value === row.msg.mid}
              focused={focused.value === row.msg.mid}
              author={chat.name_of(row.msg.uid)}
            />
          </Boundary>
        ))}
      </div>
      {(away_from_end.value || window?.has_newer) && rows.value.length > 0 && (
        <button class="btn small newest" type="button" onClick={to_end}>
          Go to newest
        </button>
      )}
    </>
  );
}

function Lines({ row }: { row: LogRow }) {
  return (
    <>
      {row.day !== undefined && (
        <h2 class="day">
          <time dateTime={day_key(row.day)}>{day_words(row.day, today())}</time>
        </h2>
      )}
      {row.fresh !== undefined && (
        <div class="new" role="separator" aria-label="New messages">
          <span>{row.fresh} new</span>
        </div>
      )}
    </>
  );
}

function Beginning({ conv }: { conv: Conversation }) {
  return (
    <p class="beginning">
      {conv.kind === 'room' ? (
        <>
          This is where <b>#{conv.name}</b> begins.
        </>
      ) : (
        <>
          This is where you and <b>{conv.name}</b> begin.
        </>
      )}
    </p>
  );
}

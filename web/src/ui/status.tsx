// The state of the connection (one pill under the bar), of the chain (a band when it is degraded), and the polite region
// that reads new messages out. Nothing is shown for trouble that is over within a second.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConnectionStatus } from '../protocol/connection';
import type { ClusterInfo, Status } from '../protocol/types.gen';
import { open_dialog, use_app } from './context';
import { away_of, beside_of, ChainMark, clock_time, health_of, Icon, in_words, listed, seconds_words, since_ms, why_unserved } from './parts';

export const quiet_ms = 1000;
export const offline_ms = 10000;
export const moved_shown_ms = 4000;

export type PillKind = 'none' | 'reconnecting' | 'offline' | 'silent' | 'not_serving' | 'stopped' | 'moved';

export function pill_kind(status: ConnectionStatus, now: number, online = true): PillKind {
  if (status.phase === 'stopped') return 'stopped';
  if (status.trouble_since !== undefined) {
    const lasts = now - status.trouble_since;
    // A device without a network still reaches the machines that run on it.
    if (lasts >= offline_ms) return status.answered ? 'not_serving' : online ? 'silent' : 'offline';
    if (lasts >= quiet_ms) return 'reconnecting';
    return 'none';
  }
  if (status.moved && now - status.moved.at < moved_shown_ms) return 'moved';
  return 'none';
}

// The clock of the pill runs only while there is something to tell.
function use_now(running: boolean): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    if (!running) return;
    now.value = Date.now();
    const timer = setInterval(() => (now.value = Date.now()), 200);
    return () => clearInterval(timer);
  }, [running]);
  return running ? now.value : Date.now();
}

function messages_wait(n: number): string {
  if (n === 0) return 'what you write is kept and sent later';
  return n === 1 ? '1 message waits on this device' : `${n} messages wait on this device`;
}

const unserved = {
  offline: { what: 'Offline', more: '' },
  silent: { what: 'Offline', more: 'no machine answers; ' },
  not_serving: { what: 'Not serving', more: 'machines answer, but the chain takes no messages now; ' },
};

export function ConnectionPill() {
  const app = use_app();
  const connection = app.connection.value;
  const status = connection?.status.value ?? { phase: 'off' as const, node: '' };
  const moved_recently = status.moved !== undefined && Date.now() - status.moved.at < moved_shown_ms;
  const now = use_now(status.trouble_since !== undefined || moved_recently);
  const kind = connection ? pill_kind(status, now, navigator.onLine) : 'none';
  const waiting = app.outbox.entries.value.filter((change) => change.durable && change.state !== 'refused').length;
  const try_now = (
    <button class="btn small" type="button" onClick={() => connection?.try_now()}>
      Try now
    </button>
  );
  if (kind === 'none') return null;
  if (kind === 'reconnecting')
    return (
      <div class="conn" role="status">
        <span class="spin" aria-hidden="true" />
        <b>Reconnecting…</b> <span class="muted">your messages are kept</span>
      </div>
    );
  if (kind === 'moved') {
    const moved = status.moved!;
    const health = health_of(app.chat.cluster.value, true);
    return (
      <div class="conn" role="status">
        <ChainMark have={health.have} want={health.want} />
        <span>
          <b>Moved to {moved.to}</b>{' '}
          <span class="muted">
            in {seconds_words(moved.took_ms)}
            {moved.complete ? ', nothing lost' : ', everything fetched anew'}
          </span>
        </span>
      </div>
    );
  }
  if (kind === 'stopped')
    return (
      <div class="conn off" role="status">
        <Icon name="link-off" />
        <b>Disconnected</b> <span class="muted">{status.stop?.reason || 'the server ended it'}</span>
        {try_now}
      </div>
    );
  const next = status.next_try_at === undefined ? 0 : Math.max(0, Math.ceil((status.next_try_at - now) / 1000));
  return (
    <div class="conn off" role="status">
      <Icon name="link-off" />
      <b>{unserved[kind].what}</b>{' '}
      <span class="muted">
        {unserved[kind].more}
        {messages_wait(waiting)}
      </span>{' '}
      <span class="muted num next" aria-hidden="true">
        {next > 0 ? `next try in ${next} s` : 'trying'}
      </span>
      {try_now}
    </div>
  );
}

function missing_words(cluster: ClusterInfo, status: Status | undefined): string {
  const others = status ? beside_of(status).map(({ name, is }) => `${name} ${is}`) : [];
  const away = away_words(cluster, status);
  return [...(away === '' ? [] : [away]), ...others].join('; ');
}

function away_words(cluster: ClusterInfo, status: Status | undefined): string {
  const [first, ...more] = status ? away_of(status) : [];
  if (!first) return cluster.reason ?? '';
  if (more.length > 0) return `${listed([first, ...more].map((one) => one.name))} are away`;
  const when = since_ms(first.since);
  return `${first.name} ${Number.isNaN(when) ? 'is away' : `has been away since ${clock_time(when)}`}`;
}

export function band_text(
  cluster: ClusterInfo,
  newest: Status | undefined,
): { strong: string; rest: string; bad: boolean } | undefined {
  const { state, replicas, want } = cluster;
  // Who was away from another chain may be here now.
  const status = newest?.epoch === cluster.epoch ? newest : undefined;
  if (state === 'down')
    return {
      strong: 'Not serving.',
      rest: 'Machines answer, but the chain takes no messages now. What you write waits on this device and is sent later.',
      bad: true,
    };
  if (state === 'read_only')
    return {
      strong: 'Reading only.',
      rest: cluster.reason?.startsWith('disk full')
        ? 'A disk is full. Deleting goes on; what you write waits on this device.'
        : `${(status && why_unserved(status)) || 'Too few machines are here.'} What you write waits on this device.`,
      bad: false,
    };
  if (replicas >= want) return undefined;
  const away = missing_words(cluster, status);
  const who = away === '' ? '' : `${away}.`;
  if (replicas === 1)
    return {
      strong: 'On the last machine.',
      rest: `${who} One more failure stops service.`.trimStart(),
      bad: false,
    };
  const others = replicas === 2 ? 'both others' : `the ${in_words(replicas)} others`;
  const rest = status && away_of(status).length > 0 ? `${away}; every message is on ${others}.` : who;
  return { strong: `${replicas} of ${want} machines.`, rest: `Everything works. ${rest}`.trimEnd(), bad: false };
}

// With another history, after a restore or a forced epoch: that it happened, until somebody has taken note; and what was not sent and has no place, until it is
// decided upon.
export function RestoredBand() {
  const app = use_app();
  const left = app.left.value;
  if (!app.restored.value && left <= app.put_off.value) return null;
  const put_off = () => {
    app.restored.value = false;
    app.put_off.value = left;
  };
  const of_before = app.restored.value || app.outbox.left_over.value.length > 0;
  return (
    <div class="band" role="status">
      <Icon name="warning" />
      <span>
        {of_before && (
          <>
            <b>The chain goes on with another history.</b> It was restored from a backup, or made again from what one
            machine held: what was written last may not be here any more.{' '}
          </>
        )}
        {left > 0 &&
          `${left === 1 ? 'One thing' : `${left} things`} you wrote ${of_before ? 'in the old one ' : ''}${left === 1 ? 'was' : 'were'} not sent.`}
      </span>{' '}
      <span class="row end">
        {left > 0 && (
          <button class="btn small" type="button" onClick={() => (open_dialog.value = { name: 'left-over' })}>
            Look at {left === 1 ? 'it' : 'them'}
          </button>
        )}
        <button class="btn small quiet" type="button" onClick={put_off}>
          {left > 0 ? 'Later' : 'Close'}
        </button>
      </span>
    </div>
  );
}

export function DegradedBand() {
  const app = use_app();
  const cluster = app.chat.cluster.value;
  if (!cluster || app.connection.value?.status.value.phase !== 'live') return null;
  const text = band_text(cluster, app.status.value);
  if (!text) return null;
  return (
    <p class={`band ${text.bad ? 'bad' : ''}`}>
      <Icon name="warning" />
      <span>
        <b>{text.strong}</b> {text.rest}
      </span>{' '}
      <a class="end" href="#/cluster">
        See the cluster
      </a>
    </p>
  );
}

export function Announcer() {
  const app = use_app();
  const line = useSignal('');
  useEffect(() => {
    let last = 0;
    app.chat.on_message = (conv, msg) => {
      const now = Date.now();
      if (now - last < 2000 || conv.conv !== app.chat.open_conv.value) return;
      last = now;
      line.value = `${app.chat.name_of(msg.uid)}: ${msg.body.slice(0, 200)}`;
    };
    return () => (app.chat.on_message = () => {});
  }, []);
  return (
    <div class="vh" role="status" aria-live="polite">
      {line.value}
    </div>
  );
}

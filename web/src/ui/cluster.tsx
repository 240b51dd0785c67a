// The chain as it is now: head to tail as an ordered list of cards, polled while the page is open.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Status } from '../protocol/types.gen';
import { NobodyAnswers } from '../state/api';
import { use_app } from './context';
import {
  away_of,
  beside_of,
  bytes_words,
  capital,
  ChainMark,
  clock_time,
  copy_text,
  count_words,
  Icon,
  IconButton,
  in_words,
  poll_ms,
  present,
  since_ms,
  why_unserved,
} from './parts';
import { ConnectionPill } from './status';

type ChainNode = Status['chain'][number];

const does: Record<ChainNode['role'], string> = {
  head: 'Takes every write and numbers it',
  middle: 'Stores, then passes it on',
  tail: 'Confirms, so you see “stored”',
  solo: 'Takes, stores and confirms alone',
};

export function headline(status: Status): { words: string; more: string; ok: boolean } {
  const have = present(status).length;
  const want = Math.max(status.replicas?.want ?? 0, status.chain.length);
  const may_fail = have - 1;
  const epoch = status.epoch === undefined ? '' : ` Epoch ${status.epoch}.`;
  const unserved = why_unserved(status);
  if (status.state === 'down')
    return { words: 'Not serving', more: `The chain takes no messages now.${unserved && ` ${unserved}`}${epoch}`, ok: false };
  if (status.state === 'read_only') return { words: 'Reading only', more: `${unserved}${epoch}`, ok: false };
  // Told by a machine that has just started, say, and is linked with those that serve.
  if (status.chain.length === 0)
    return { words: 'Served by other machines', more: `The one that tells this is in no chain.${epoch}`, ok: false };
  if (have === 1 && want > 1)
    return {
      words: 'On the last machine',
      more: `One more failure stops service.${epoch}`,
      ok: false,
    };
  const fail =
    may_fail === 0
      ? 'A failure stops service.'
      : `${capital(in_words(may_fail))} ${may_fail === 1 ? 'machine' : 'machines'} may fail and nothing is lost.`;
  const alone = status.config_service?.state === 'down';
  const unrepaired = alone ? ' The config service is down: after a failure nothing is written until it is back.' : '';
  return { words: `Safe on ${have} of ${want}`, more: fail + unrepaired + epoch, ok: have >= want && !alone };
}

function Card({ node, here }: { node: ChainNode; here: boolean }) {
  const address = node.client_url?.replace(/^https?:\/\//, '');
  const lease = node.lease_ms;
  return (
    <article
      class={`node ${node.role === 'head' || node.role === 'solo' ? 'head' : ''} ${here ? 'here' : ''}`}
      aria-labelledby={`node-${node.name}`}
    >
      <header>
        <h3 id={`node-${node.name}`}>{node.name}</h3>
        <span class={`tag ${node.role === 'head' || node.role === 'solo' ? 'accent' : ''}`}>{capital(node.role)}</span>
      </header>
      <p class="does">{does[node.role]}</p>
      <dl>
        <Fact name="Committed" value={node.committed === undefined ? undefined : count_words(node.committed)} />
        <Fact name="Behind" value={node.lag === undefined ? undefined : count_words(node.lag)} />
        <Fact name="Clients" value={node.clients === undefined ? undefined : count_words(node.clients)} />
        <Fact name="On disk" value={node.db_bytes === undefined ? undefined : bytes_words(node.db_bytes)} />
        <Fact
          name="Lease"
          value={lease === undefined ? undefined : lease >= 1000 ? `${(lease / 1000).toFixed(1)} s` : `${lease} ms`}
        />
      </dl>
      <footer>
        {address} {node.version && <span>{node.version}</span>}
        {here && <span class="tag accent end">you are here</span>}
      </footer>
    </article>
  );
}

function Fact({ name, value }: { name: string; value: string | undefined }) {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Hop({ live }: { live: boolean }) {
  const ring = (x: number) => <rect x={x} y="4" width="36" height="12" rx="6" vector-effect="non-scaling-stroke" />;
  return (
    <p class={`hop ${live ? '' : 'off'}`} aria-hidden="true">
      <svg class="rings" viewBox="0 0 92 20" preserveAspectRatio="none" aria-hidden="true">
        {ring(2)}
        {ring(28)}
        {ring(54)}
      </svg>
      <Icon name="arrow" flip />
    </p>
  );
}

function AwayCard(props: { name: string; since?: string | number | null; reason?: string; member: boolean }) {
  const { name, since, reason, member } = props;
  const where = member ? 'In the chain, and does not answer' : 'Not in the chain';
  const at = since_ms(since);
  return (
    <article class="node away" aria-labelledby={`node-${name}`}>
      <header>
        <h3 id={`node-${name}`}>{name}</h3>
        <span class="tag warn">Away</span>
      </header>
      <p class="does">{Number.isNaN(at) ? where : `${where} since ${clock_time(at)}`}</p>
      <p class="muted small-t">
        {reason ? `${capital(reason)}.` : 'It comes back as the tail, with everything it missed.'}
      </p>
    </article>
  );
}

function BesideCard({ name, tag, what }: { name: string; tag: string; what: string }) {
  return (
    <article class="node away" aria-labelledby={`node-${name}`}>
      <header>
        <h3 id={`node-${name}`}>{name}</h3>
        <span class="tag">{tag}</span>
      </header>
      <p class="does">Not in the chain</p>
      <p class="muted small-t">{what}</p>
    </article>
  );
}

function JoiningCard({ node }: { node: NonNullable<Status['joining']>[number] }) {
  const total = node.bytes_total ?? 0;
  const steps = ['snapshot', 'log', 'splice'];
  const step = steps.indexOf(node.phase ?? '') + 1;
  return (
    <article class="node away" aria-labelledby={`node-${node.name}`}>
      <header>
        <h3 id={`node-${node.name}`}>{node.name}</h3>
        <span class="tag warn">Joining</span>
      </header>
      <p class="does">{step > 0 ? `${capital(node.phase!)}, step ${step} of 3` : 'Catching up'}</p>
      <progress
        max={total || 1}
        value={total ? (node.bytes_done ?? 0) : undefined}
        aria-label={`${node.name} catching up`}
      />
      <p class="muted small-t">Join goes on if you leave this page.</p>
    </article>
  );
}

export function ClusterPage() {
  const app = use_app();
  const failed = useSignal('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let open = true;
    const poll = async () => {
      try {
        await app.fetch_status();
        failed.value = '';
      } catch (why) {
        if (!(why instanceof NobodyAnswers)) failed.value = 'The state could not be read.';
        else failed.value = navigator.onLine ? 'No machine answers.' : 'Offline.';
      }
      if (open) timer = setTimeout(() => void poll(), poll_ms);
    };
    void poll();
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, []);

  const status = app.status.value;
  const here = app.connection.value?.status.value.node;
  return (
    <>
      <header class="bar">
        <a class="ib back only-s" href="#/" aria-label="Back to rooms">
          <Icon name="back" flip />
        </a>
        <h1>Cluster</h1>
      </header>
      <div class="page" tabIndex={0} role="region" aria-label="State of the chain">
        {failed.value !== '' && (
          <p class="band bad" role="status">
            <Icon name="warning" />
            <span>
              <b>{failed.value}</b>{' '}
              {status
                ? `What you see is from ${clock_time(app.status_at)}.`
                : 'It is asked again every second.'}
            </span>
          </p>
        )}
        {status ? (
          <Chain status={status} here={here ?? ''} as_of={failed.value === '' ? undefined : app.status_at} />
        ) : (
          failed.value === '' && <p class="muted">Asking the chain</p>
        )}
      </div>
      <ConnectionPill />
    </>
  );
}

// `as_of`: nobody answers now, and all of it is as old as that.
function Chain({ status, here, as_of }: { status: Status; here: string; as_of: number | undefined }) {
  const head =
    as_of === undefined ? headline(status) : { words: `As it was at ${clock_time(as_of)}`, more: '', ok: false };
  const want = Math.max(status.replicas?.want ?? 0, status.chain.length);
  const chain = present(status);
  const members = new Set(status.chain.map((node) => node.name));
  const joining = (status.joining ?? []).filter((node) => !members.has(node.name));
  const away = away_of(status);
  const others = beside_of(status);
  const config = status.config_service;
  return (
    <div class={as_of === undefined ? '' : 'old'}>
      <div class="sum">
        <h2>
          <span class={head.ok ? 'ok-t' : 'warn-t'}>
            <ChainMark have={as_of !== undefined || status.state === 'down' ? 0 : chain.length} want={want} />
          </span>{' '}
          {head.words}
        </h2>
        <p>{head.more}</p>
        <span class="row end">
          <button class="btn" type="button" onClick={() => void copy_text(JSON.stringify(status, null, 2))}>
            <Icon name="copy" small /> Copy report
          </button>
        </span>
      </div>
      <ol class="chain" aria-label="Chain, head to tail">
        {chain.map((node, at) => (
          <li key={node.name}>
            <Card node={node} here={node.name === here} />
            {at + 1 < chain.length + joining.length + away.length + others.length && (
              <Hop live={at + 1 < chain.length && status.state !== 'down'} />
            )}
          </li>
        ))}
        {joining.map((node, at) => (
          <li key={node.name}>
            <JoiningCard node={node} />
            {at + 1 < joining.length + away.length + others.length && <Hop live={false} />}
          </li>
        ))}
        {away.map((node, at) => (
          <li key={node.name}>
            <AwayCard {...node} member={members.has(node.name)} />
            {at + 1 < away.length + others.length && <Hop live={false} />}
          </li>
        ))}
        {others.map((node, at) => (
          <li key={node.name}>
            <BesideCard {...node} />
            {at + 1 < others.length && <Hop live={false} />}
          </li>
        ))}
      </ol>
      <div class="two-col">
        <section>
          <h3>Around the chain</h3>
          <dl class="legend">
            {config && (
              <div>
                <dt>Config service</dt>
                <dd class={config.state === 'up' ? '' : 'warn-t'}>
                  {config.state === 'up'
                    ? `up${config.store ? `, keeps its record in ${config.store}` : ''}`
                    : status.state === 'degraded' || status.state === 'healthy'
                      ? 'down; the chain goes on without it until a machine fails'
                      : 'down'}
                </dd>
              </div>
            )}
            {status.committed !== undefined && (
              <div>
                <dt>Committed</dt>
                <dd class="num">{count_words(status.committed)}</dd>
              </div>
            )}
            {status.lineage && (
              <div>
                <dt>Lineage of the history</dt>
                <dd class="mono">{status.lineage}</dd>
              </div>
            )}
          </dl>
        </section>
        <section>
          <h3>Practise a failure</h3>
          <Command text="chainctl drill kill-head" />
          <p class="muted foot">Asks first, stops the head, and prints the gap that clients saw.</p>
        </section>
      </div>
    </div>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div class="cmd">
      <code>{text}</code>
      <IconButton icon="copy" label="Copy command" onClick={() => void copy_text(text)} />
    </div>
  );
}

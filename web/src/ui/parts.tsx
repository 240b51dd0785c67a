// Small pieces that several screens share: icons, the chain mark, people's initials, times and sizes in words.
import type { ComponentChildren } from 'preact';
import type { ClusterInfo, Status } from '../protocol/types.gen';

export function Icon({ name, small, wide, flip }: { name: string; small?: boolean; wide?: boolean; flip?: boolean }) {
  const shape = `i${small ? ' s' : ''}${wide ? ' w' : ''}${flip ? ' flip' : ''}`;
  return (
    <svg class={shape} aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

// One link a machine; heavy serves, hairline is away. The words beside it say the same.
export function ChainMark({ have, want }: { have: number; want: number }) {
  const links = Math.max(1, Math.min(7, Math.max(have, want)));
  return (
    <svg class="mark" viewBox={`0 0 ${12 * links + 8} 20`} aria-hidden="true">
      {Array.from({ length: links }, (_, at) => (
        <rect
          key={at}
          x={2 + 12 * at}
          y="5"
          width="16"
          height="10"
          rx="5"
          stroke="currentColor"
          class={at < have ? '' : 'away'}
        />
      ))}
    </svg>
  );
}

export function tint(uid: string): string {
  let hash = 7;
  for (const letter of uid) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `p${(hash % 8) + 1}`;
}

export function Avatar({ uid, name, size = '' }: { uid: string; name: string; size?: '' | 's' | 'm' }) {
  return (
    <span class={`av ${tint(uid)} ${size}`} aria-hidden="true">
      {[...name][0] ?? '?'}
    </span>
  );
}

export function IconButton(props: {
  icon: string;
  label: string;
  onClick?: (event: MouseEvent) => void;
  class?: string;
  flip?: boolean;
  type?: 'button' | 'submit';
  expanded?: boolean;
  tabIndex?: number;
  children?: ComponentChildren;
}) {
  return (
    <button
      class={`ib ${props.class ?? ''}`}
      type={props.type ?? 'button'}
      aria-label={props.label}
      title={props.label}
      aria-expanded={props.expanded}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <Icon name={props.icon} flip={props.flip} />
      {props.children}
    </button>
  );
}

const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'];
export const in_words = (n: number) => numbers[n] ?? String(n);
export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const listed = (names: string[]) => names.join(', ').replace(/, ([^,]*)$/, ' and $1');

// Who is dead stays a member of the chain where nobody takes it out: without the config service.
export const present = (status: Status) => status.chain.filter((node) => node.state !== 'silent');

// Who is to be in the chain, and is neither there nor on the way.
export function away_of(status: Status): NonNullable<Status['failed']> {
  const known = new Set([...present(status), ...(status.joining ?? [])].map((node) => node.name));
  const rows = new Map([...status.chain.map(({ name }) => ({ name })), ...(status.failed ?? [])].map((row) => [row.name, row]));
  return [...rows.values()].filter((row) => !known.has(row.name));
}

// Who is known, is not in the chain, and did not fail.
const beside = [
  { list: 'spares', tag: 'Spare', is: 'stands by', what: 'Comes in when a machine is missing.' },
  { list: 'drained', tag: 'Drained', is: 'is drained', what: 'Out on purpose: chainctl undrain brings it back.' },
  { list: 'not_admitted', tag: 'Waits', is: 'waits to be let in', what: 'Not known here: chainctl add-node takes it in.' },
  {
    list: 'removed_running',
    tag: 'Removed',
    is: 'was removed',
    what: 'It still runs: stop it there, or chainctl add-node takes it in again.',
  },
] as const;

export function beside_of(status: Status): { name: string; tag: string; is: string; what: string }[] {
  const shown = new Set([...status.chain, ...(status.joining ?? []), ...(status.failed ?? [])].map(({ name }) => name));
  return beside.flatMap(({ list, ...words }) =>
    (status[list] ?? []).filter((name) => !shown.has(name)).map((name) => ({ name, ...words })),
  );
}

// How often a page that shows the chain asks how it is: what is wrong is to be seen within two seconds.
export const poll_ms = 1000;

// Why nothing is written, and perhaps nothing read.
export function why_unserved(status: Status): string {
  if (status.chain.some((node) => node.state === 'full')) return 'A disk is full; deleting goes on.';
  const away = listed(away_of(status).map((node) => node.name));
  if (status.config_service?.state === 'down' && away !== '')
    return `It waits for ${away}, or for the config service, which is down, to go on without.`;
  return status.state === 'read_only' ? 'Too few machines are here.' : '';
}

// NaN: not known.
export const since_ms = (since?: string | number | null) =>
  typeof since === 'number' ? since : since ? Date.parse(since) : NaN;

export interface Health {
  words: string;
  tone: '' | 'two' | 'none';
  have: number;
  want: number;
}

export function health_of(cluster: ClusterInfo | undefined, connected: boolean): Health {
  const want = cluster?.want ?? 3;
  if (!cluster || !connected) return { words: 'Not connected', tone: 'none', have: 0, want };
  const have = cluster.replicas;
  if (cluster.state === 'down') return { words: 'Not serving', tone: 'none', have: 0, want };
  if (cluster.state === 'read_only') return { words: 'Reading only', tone: 'two', have, want };
  if (have === 1 && want > 1) return { words: 'On the last machine', tone: 'two', have, want };
  return { words: `Safe on ${have} of ${Math.max(want, have)}`, tone: have < want ? 'two' : '', have, want };
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const long_day = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const old_day = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export const clock_time = (at: number) => clock.format(at);

export function day_key(at: number): string {
  const day = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export function day_words(at: number, now: number): string {
  if (day_key(at) === day_key(now)) return 'Today';
  // By the calendar: not every day has 24 hours.
  const before = new Date(now);
  before.setDate(before.getDate() - 1);
  if (day_key(at) === day_key(before.getTime())) return 'Yesterday';
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? long_day : old_day).format(at);
}

export function seconds_words(ms: number): string {
  return ms < 10000 ? `${Math.max(0.1, ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

export function count_words(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function bytes_words(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} KB`;
  return `${(n / 1024 / 1024).toFixed(n < 10 * 1024 * 1024 ? 1 : 0)} MB`;
}

export async function copy_text(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard object: select and copy by hand.
    const box = document.createElement('textarea');
    box.value = text;
    box.className = 'vh';
    document.body.append(box);
    box.select();
    document.execCommand('copy');
    box.remove();
  }
}

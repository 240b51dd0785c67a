// Sign in or register. The panel beside it shows the chain as it is at this moment.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Status } from '../protocol/types.gen';
import { Refused } from '../protocol/frames';
import { NobodyAnswers } from '../state/api';
import { use_app } from './context';
import { away_of, ChainMark, health_of, Icon, in_words, poll_ms, present } from './parts';

const name_rule = /^[a-z0-9._-]{2,32}$/;

interface Machine {
  name: string;
  serves: boolean;
}

function machines(status: Status | undefined): Machine[] {
  if (!status) return ['n1', 'n2', 'n3'].map((name) => ({ name, serves: false }));
  const serving = status.state !== 'down';
  const chain = present(status).map((node) => ({ name: node.name, serves: serving }));
  const away = away_of(status).map((node) => ({ name: node.name, serves: false }));
  return [...chain, ...away].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function BigChain({ status }: { status: Status | undefined }) {
  const all = machines(status).slice(0, 5);
  const serve = all.filter((machine) => machine.serves).length;
  const word = status ? 'away' : 'silent';
  const says = status
    ? `${all.length} linked machines, ${serve} of them serve.`
    : `${all.length} linked machines. None has answered yet.`;
  const at = (index: number) => 6 + 117 * index;
  const shape = (cls: string, index: number) => (
    <rect class={cls} x={at(index)} y="16" width="152" height="88" rx="44" />
  );
  return (
    <svg class="bigchain" viewBox={`0 0 ${117 * (all.length - 1) + 166} 120`} role="img" aria-label={says}>
      {all.map((machine, index) => !machine.serves && shape('away', index))}
      {all.map((machine, index) => machine.serves && shape('cut', index))}
      {all.map((machine, index) => machine.serves && shape('live', index))}
      {all.map((machine, index) => (
        <>
          <text class={machine.serves ? 'live-t' : ''} x={at(index) + 76} y="58">
            {machine.name}
          </text>
          <text class={machine.serves ? 'sub live-t' : 'sub'} x={at(index) + 76} y="77">
            {machine.serves ? 'serves' : word}
          </text>
        </>
      ))}
    </svg>
  );
}

function reason(why: unknown, registering: boolean): string {
  if (why instanceof NobodyAnswers) return 'No machine answers. Nothing was sent.';
  if (!(why instanceof Refused)) return 'It did not work, and the reason is not known.';
  switch (why.err.code) {
    case 'unauthenticated':
      return 'Name or password is not right.';
    case 'conflict':
      return 'This name is taken.';
    case 'rate_limited':
      return `Too many tries. The next one counts in ${Math.ceil((why.err.after_ms ?? 60000) / 1000)} s.`;
    case 'unavailable':
    case 'timeout':
    case 'read_only':
      return 'The chain does not take this now. Try again in a moment.';
    default:
      return registering && why.err.field === 'password' ? `Password: ${why.err.msg}.` : `${why.err.msg}.`;
  }
}

export function SignIn() {
  const app = use_app();
  const registering = useSignal(false);
  const name = useSignal('');
  const password = useSignal('');
  const error = useSignal<{ field: 'name' | 'password'; text: string } | undefined>(undefined);
  const busy = useSignal(false);

  useEffect(() => {
    void app.refresh_status();
    const timer = setInterval(() => void app.refresh_status(), poll_ms);
    return () => clearInterval(timer);
  }, []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    const wanted = name.value.trim().toLowerCase();
    if (registering.value && !name_rule.test(wanted)) {
      error.value = { field: 'name', text: 'Use 2 to 32 of a–z, 0–9, dot, dash and underscore.' };
      document.getElementById('name')?.focus();
      return;
    }
    if (password.value === '') {
      error.value = { field: 'password', text: 'The password is empty.' };
      document.getElementById('password')?.focus();
      return;
    }
    busy.value = true;
    error.value = undefined;
    try {
      const account = registering.value
        ? await app.api.register(wanted, password.value)
        : await app.api.sign_in(wanted, password.value);
      app.enter({ uid: account.uid, name: account.name, token: account.token });
    } catch (why) {
      const taken = why instanceof Refused && (why.err.code === 'conflict' || why.err.field === 'name');
      error.value = { field: taken ? 'name' : 'password', text: reason(why, registering.value) };
    } finally {
      busy.value = false;
    }
  };

  const status = app.status.value;
  const health = health_of(
    status && {
      state: status.state,
      replicas: present(status).length,
      want: status.replicas?.want ?? status.chain.length,
      endpoints: [],
    },
    status !== undefined,
  );
  const problem = (field: 'name' | 'password') =>
    error.value?.field === field && (
      <small class="err" id={`${field}-error`} role="alert">
        <Icon name="refused" small /> {error.value.text}
      </small>
    );
  const invalid = (field: 'name' | 'password') =>
    error.value?.field === field ? { 'aria-invalid': true, 'aria-describedby': `${field}-error` } : {};

  return (
    <div class="door">
      <aside aria-label="About this server">
        <p class="brand">
          <span class="tile" aria-hidden="true">
            c
          </span>{' '}
          chaind
        </p>
        <div class="claim">
          <BigChain status={status} />
          <h2>Still here when two of three machines are not.</h2>
          <p>
            A message marked stored is on every machine of the chain. If one stops, you are moved to the next one,
            usually within half a second.
          </p>
        </div>
        <p class="row muted only-l">
          <span class={health.tone === '' ? 'ok-t' : health.tone === 'two' ? 'warn-t' : ''}>
            <ChainMark have={health.have} want={health.want} />
          </span>{' '}
          {health.words}
        </p>
      </aside>
      <main id="main">
        <form onSubmit={(event) => void submit(event)} noValidate>
          <h1>{registering.value ? 'Make an account' : 'Sign in'}</h1>
          {app.notice.value !== '' ? (
            <p role="status">{app.notice.value}</p>
          ) : (
            <p>
              {registering.value
                ? 'A name and a password, nothing else.'
                : `Every one of the ${in_words(machines(status).length)} machines knows you.`}
            </p>
          )}
          <div class="field">
            <label for="name">Name</label>
            <input
              class="input tall"
              id="name"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              autofocus
              value={name.value}
              onInput={(event) => (name.value = event.currentTarget.value)}
              {...invalid('name')}
            />
            {problem('name')}
          </div>
          <div class="field">
            <label for="password">Password</label>
            <input
              class="input tall"
              id="password"
              type="password"
              autocomplete={registering.value ? 'new-password' : 'current-password'}
              value={password.value}
              onInput={(event) => (password.value = event.currentTarget.value)}
              {...invalid('password')}
            />
            {problem('password')}
          </div>
          <button class="btn primary wide" type="submit" aria-disabled={busy.value}>
            {registering.value ? 'Make account' : 'Sign in'}
          </button>
          <p class="muted">
            {registering.value ? 'Have one already?' : 'New here?'}{' '}
            <button
              class="link"
              type="button"
              onClick={() => {
                registering.value = !registering.value;
                error.value = undefined;
                document.getElementById('name')?.focus();
              }}
            >
              {registering.value ? 'Sign in' : 'Make an account'}
            </button>
          </p>
        </form>
      </main>
    </div>
  );
}

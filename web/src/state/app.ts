// Puts the parts together: session, connection, outbox, conversations, and what the page shows of them.
import { batch, computed, effect, signal } from '@preact/signals';
import { Connection } from '../protocol/connection';
import type { SocketLike } from '../protocol/link';
import { Outbox, type Change, type ChangeStore } from '../protocol/outbox';
import type { ClusterInfo, Endpoint, Status } from '../protocol/types.gen';
import { ulid } from '../protocol/ulid';
import { Api, own_endpoint } from './api';
import { Chat } from './chat';
import { Typing } from './typing';
import {
  begun_only_here,
  begun_texts,
  drop_begun,
  heard,
  kept_edits,
  kept_endpoints,
  kept_lineage,
  kept_machines,
  kept_session,
  kept_theme,
  open_device,
  type Begun,
  type Session,
  type Theme,
} from './device';

declare const __VERSION__: string;

// The page can ask only replicas of the chain that served it; its own comes first.
function all_endpoints(): Endpoint[] {
  const own = own_endpoint();
  return [own, ...kept_endpoints.get().filter((endpoint) => endpoint.url !== own.url)];
}

function open_socket(url: string): SocketLike {
  return new WebSocket(url, 'chat.v1') as unknown as SocketLike;
}

export class App {
  readonly session = signal<Session | undefined>(undefined);
  // Why the sign-in page is shown again.
  readonly notice = signal('');
  readonly theme = signal<Theme>(kept_theme.get());
  readonly status = signal<Status | undefined>(undefined);
  status_at = 0;
  // The chain has another history than when this device saw it last; shown until somebody has taken note.
  readonly restored = signal(false);
  readonly api = new Api(() => kept_endpoints.get(), kept_machines);
  readonly outbox: Outbox;
  readonly chat: Chat;
  readonly typing: Typing;
  readonly connection = signal<Connection | undefined>(undefined);
  // What was not sent and has no place in any conversation: of another history, or for one that this person is not in.
  readonly unplaced = computed(() => {
    const foreign = this.outbox.left_over.value;
    const convs = this.chat.convs.value;
    const homeless = (change: Change) => {
      const conv = convs.get(change.lane);
      return change.durable && change.state === 'refused' && (conv === undefined || conv.member === false);
    };
    if (!this.chat.loaded.value) return foreign;
    return this.outbox.entries.value.filter((change) => foreign.includes(change) || homeless(change));
  });
  // What was begun in conversations that are not here any more, and stands in no box.
  readonly begun = computed(() => {
    void heard.value;
    void this.dropped_.value;
    const gone = this.chat.gone.value;
    return begun_texts().filter(({ conv }) => gone.has(conv));
  });
  // Of what lies there so many things have been put off: nobody is reminded of them before there are more.
  readonly put_off = signal(0);
  readonly left = computed(() => this.unplaced.value.length + this.begun.value.length);
  private readonly dropped_ = signal(0);
  private readonly device_ = `d_${ulid()}`;

  constructor(store: ChangeStore) {
    const connection = () => this.connection.peek();
    this.outbox = new Outbox(connection, store, {
      place_of: (lane) => this.chat.place_of(lane),
      on_done: (change, answer) => this.chat.on_done(change, answer),
      on_refused: () => {},
    });
    this.chat = new Chat(connection, () => this.outbox);
    this.chat.kept_convs = () => begun_texts().map(({ conv }) => conv);
    this.typing = new Typing(connection);
    effect(() => {
      const theme = this.theme.value;
      if (theme === 'system') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      kept_theme.set(theme);
    });
    effect(() => {
      this.put_off.value = Math.min(this.put_off.peek(), this.left.value);
    });
    addEventListener('beforeunload', (event) => {
      const { durable, entries } = this.outbox;
      const only_here = entries.value.some((change) => change.op.startsWith('msg.') && !(durable && change.durable));
      if (this.session.value && (only_here || begun_only_here())) event.preventDefault();
    });
    const wake = () => connection()?.try_now();
    addEventListener('online', wake);
    addEventListener('offline', () => connection()?.doubt(Date.now()));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') wake();
    });
  }

  start(): void {
    const session = kept_session.get();
    if (session) this.enter(session);
  }

  enter(session: Session): void {
    kept_session.set(session);
    const connection = new Connection(
      {
        open: open_socket,
        endpoints: all_endpoints(),
        hello: () => ({
          token: session.token,
          client: { name: 'web', ver: __VERSION__ },
          device: this.device_,
          caps: ['batch'],
        }),
        resume: () => this.chat.resume(),
        is_watched: () => document.visibilityState === 'visible',
      },
      {
        on_hello: (answer) => {
          // First what hangs on the old history, while its names are still known.
          this.outbox.bind(answer.d.lineage);
          this.chat.on_hello(answer);
          this.compare_history_(answer.d.lineage);
        },
        on_durable: (events) => this.chat.on_durable(events),
        on_gap: () => this.chat.on_gap(),
        on_ephemeral: (event) => {
          if (event.ev === 'cluster') {
            this.chat.on_cluster(event.d as unknown as ClusterInfo);
            void this.refresh_status();
          }
          if (event.ev === 'typing' && event.conv)
            this.typing.heard(event.conv, event.d as { uid: string; on: boolean; ttl_ms?: number });
        },
        on_ready: () => {
          this.outbox.link_ready();
          this.chat.on_ready();
          void this.refresh_status();
        },
        on_endpoints: (endpoints) => kept_endpoints.set(endpoints),
        on_unreadable: (end) => this.outbox.unreadable(end),
        on_signed_out: () => this.leave('You were signed out. Sign in again; what you wrote is kept.'),
      },
    );
    batch(() => {
      this.notice.value = '';
      this.session.value = session;
      this.connection.value = connection;
    });
    void this.outbox.open(session.uid);
    connection.start();
  }

  drop(begun: Begun): void {
    drop_begun(begun);
    this.dropped_.value++;
  }

  async sign_out(): Promise<void> {
    const token = this.session.value?.token;
    this.leave('');
    if (token) await this.api.sign_out(token).catch(() => {});
  }

  leave(notice: string): void {
    this.connection.value?.stop();
    kept_session.set(undefined);
    this.outbox.close();
    this.chat.clear();
    batch(() => {
      this.connection.value = undefined;
      this.session.value = undefined;
      this.notice.value = notice;
    });
  }

  private compare_history_(lineage: string): void {
    const before = kept_lineage.get();
    if (before === lineage) return;
    if (before !== undefined) {
      kept_edits.to_drafts();
      this.restored.value = true;
    }
    kept_lineage.set(lineage);
  }

  async fetch_status(): Promise<Status> {
    const status = await this.api.status(this.session.peek()?.token);
    this.status_at = Date.now();
    this.status.value = status;
    return status;
  }

  async refresh_status(): Promise<void> {
    try {
      const status = await this.fetch_status();
      const endpoints = status.chain
        .filter((node) => node.client_url)
        .map((node) => ({ node: node.name, url: `${node.client_url!.replace(/^http/, 'ws').replace(/\/$/, '')}/ws` }));
      if (endpoints.length > 0 && !this.session.value) kept_endpoints.set(endpoints);
    } catch {
      // Who has signed in is shown the old one with its date.
      if (!this.session.value) this.status.value = undefined;
    }
  }
}

export async function make_app(): Promise<App> {
  return new App(await open_device());
}

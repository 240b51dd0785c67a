// The conversations as this client knows them, kept up to date by durable events and filled by sync and history. It
// promises: events are applied in order and once (by `pos`); after a hole or a `gone` resume everything is fetched anew
// before it is trusted; what was fetched while events arrived ends in the same state as if it had been fetched later.
import { batch, computed, signal, type Signal } from '@preact/signals';
import type { Connection } from '../protocol/connection';
import { Refused, type Answer } from '../protocol/frames';
import type { Change, Outbox } from '../protocol/outbox';
import type { ClusterInfo, Conversation, Dev, Me, Member, Message, Ops, User } from '../protocol/types.gen';
import type { Marks } from './receipts';
import { altered, newest, page_size, with_alteration, with_event, with_newer, with_older, type Window } from './window';

export type Row = Message & { replicas?: number };

export interface View {
  window?: Window;
  loading?: 'newest' | 'older' | 'newer';
  // Events that came in while a page was on its way, to be applied to that page too.
  held: Dev[];
  members: readonly Member[];
  marks: ReadonlyMap<string, Marks>;
}

const most_members = 5000;
const empty_view: View = { held: [], members: [], marks: new Map() };

export class Chat {
  readonly me = signal<Me | null>(null);
  readonly convs = signal<ReadonlyMap<string, Conversation>>(new Map());
  readonly users = signal<ReadonlyMap<string, string>>(new Map());
  readonly cluster = signal<ClusterInfo | undefined>(undefined);
  readonly open_conv = signal<string | undefined>(undefined);
  // True once the list of conversations has been fetched.
  readonly loaded = signal(false);
  // The conversations that were here and are not any more, by the names that they had: rooms that were removed, and those
  // that one is not in any more.
  readonly gone = signal<ReadonlyMap<string, string>>(new Map());
  // Messages whose answer came before their event: shown after the window until it holds them.
  readonly settled = signal<ReadonlyMap<string, Row & { conv: string }>>(new Map());
  readonly stored_on = new Map<string, number>();
  readonly unread_total = computed(() => {
    let sum = 0;
    for (const conv of this.convs.value.values()) if (conv.member !== false) sum += Math.max(0, conv.seq - conv.read);
    return sum;
  });
  on_message: (conv: Conversation, msg: Message) => void = () => {};
  // Of which conversations something is kept beside this: those that are not there any more are in `gone`.
  kept_convs: () => string[] = () => [];

  private views_ = new Map<string, Signal<View>>();
  private applied_ = 0;
  private lineage_ = '';
  private stale_ = true;
  private syncing_ = false;
  private sync_again_ = false;
  // Conversations that events brought while the list was being fetched: it may not hold them yet.
  private appeared_ = new Set<string>();
  // And those that events took away: it may still hold them.
  private vanished_ = new Set<string>();
  // Grows when everything is to be fetched anew: pages asked for before that are not used.
  private generation_ = 0;
  private later_timer_: ReturnType<typeof setTimeout> | undefined;
  private sync_timer_: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly connection_: () => Connection | undefined,
    private readonly outbox_: () => Outbox,
  ) {}

  resume(): { lineage: string; pos: number } | undefined {
    return this.lineage_ === '' || this.stale_ ? undefined : { lineage: this.lineage_, pos: this.applied_ };
  }

  view(conv: string): Signal<View> {
    let view = this.views_.get(conv);
    if (!view) this.views_.set(conv, (view = signal(empty_view)));
    return view;
  }

  name_of(uid: string): string {
    return this.users.value.get(uid) ?? (uid === this.me.value?.uid ? this.me.value.name : uid);
  }

  place_of(conv: string): string {
    const known = this.convs.value.get(conv);
    return known ? place(known) : (this.gone.value.get(conv) ?? '');
  }

  on_hello(answer: Answer<Ops['hello']['answer']>): void {
    batch(() => {
      this.me.value = answer.d.me;
      this.cluster.value = answer.d.cluster;
      if (answer.d.resume === 'ok') return;
      if (this.lineage_ !== '' && this.lineage_ !== answer.d.lineage) this.forget_history_();
      this.lineage_ = answer.d.lineage;
      this.applied_ = answer.pos;
      this.invalidate_();
    });
  }

  on_ready(): void {
    if (this.stale_) void this.sync_();
    this.refresh_open_();
  }

  on_gap(): void {
    this.invalidate_();
    void this.sync_();
  }

  on_cluster(cluster: ClusterInfo): void {
    this.cluster.value = { ...cluster, node: this.cluster.value?.node };
  }

  on_durable(events: Dev[]): void {
    batch(() => {
      for (const event of events) {
        if (event.pos <= this.applied_) continue;
        this.applied_ = event.pos;
        this.apply_(event);
      }
    });
  }

  // A change of this client was committed; its event comes too, before or after.
  on_done(change: Change, answer: Answer<unknown>): void {
    if (change.op === 'msg.send') {
      const sent = change.d as Ops['msg.send']['d'];
      const d = answer.d as Ops['msg.send']['answer'];
      this.stored_on.set(d.mid, d.replicas);
      const row = {
        ...{ seq: d.seq, mid: d.mid, rev: d.rev, at: d.at, replicas: d.replicas },
        ...{ uid: change.uid, body: sent.body, fmt: sent.fmt, conv: sent.conv },
      };
      if (!this.in_window_(sent.conv, d.seq)) this.settled.value = new Map(this.settled.value).set(d.mid, row);
      this.touch_(sent.conv, (conv) =>
        conv.seq < d.seq ? { ...conv, seq: d.seq, read: Math.max(conv.read, d.seq), last: row } : conv,
      );
    }
  }

  open(conv: string | undefined): void {
    this.open_conv.value = conv;
    this.refresh_open_();
  }

  load_older(conv: string): Promise<void> {
    const first = this.view(conv).value.window?.msgs[0]?.seq;
    return first === undefined ? Promise.resolve() : this.load_(conv, 'older', { before: first });
  }

  load_newer(conv: string): Promise<void> {
    const last = this.view(conv).value.window?.msgs.at(-1)?.seq;
    return last === undefined ? Promise.resolve() : this.load_(conv, 'newer', { after: last });
  }

  load_newest(conv: string): Promise<void> {
    return this.load_(conv, 'newest', {});
  }

  // The user has seen the conversation up to here.
  seen(conv: string, seq: number): void {
    const row = this.convs.value.get(conv);
    if (!row || row.read >= seq || seq > row.seq) return;
    this.touch_(conv, (old) => ({ ...old, read: seq, unread: old.seq - seq }));
    this.outbox_().replace('read', { conv, seq }, `read:${conv}`);
  }

  sync_soon(): void {
    this.sync_timer_ ??= setTimeout(() => {
      this.sync_timer_ = undefined;
      void this.sync_();
    }, 30);
  }

  clear(): void {
    clearTimeout(this.sync_timer_);
    clearTimeout(this.later_timer_);
    this.sync_timer_ = undefined;
    this.generation_++;
    batch(() => {
      this.me.value = null;
      this.convs.value = new Map();
      this.gone.value = new Map();
      this.users.value = new Map();
      this.settled.value = new Map();
      this.open_conv.value = undefined;
      this.loaded.value = false;
      this.views_.clear();
      this.stored_on.clear();
      this.lineage_ = '';
      this.applied_ = 0;
      this.stale_ = true;
    });
  }

  private invalidate_(): void {
    this.stale_ = true;
    this.generation_++;
    for (const view of this.views_.values()) view.value = { ...view.value, window: undefined, loading: undefined };
  }

  // The chain has another history: what is known here may never have happened, counters may be lower than they
  // were, and ids may name something else.
  private forget_history_(): void {
    this.convs.value = new Map();
    this.gone.value = new Map();
    this.users.value = new Map();
    this.settled.value = new Map();
    this.loaded.value = false;
    this.stored_on.clear();
    this.appeared_.clear();
    this.vanished_.clear();
    for (const view of this.views_.values()) view.value = empty_view;
  }

  private refresh_open_(): void {
    const conv = this.open_conv.value;
    if (conv === undefined || !this.connection_()?.link) return;
    const view = this.view(conv).value;
    if (!view.window && view.loading !== 'newest') void this.load_newest(conv);
    void this.load_members(conv);
  }

  async load_members(conv: string): Promise<void> {
    const link = this.connection_()?.link;
    if (!link) return;
    try {
      const members: Member[] = [];
      let after: string | null | undefined;
      do {
        const page: Answer<Ops['members']['answer']> = await link.request('members', {
          conv,
          ...(after ? { after } : {}),
        });
        members.push(...page.d.members);
        after = page.d.next;
      } while (after && members.length < most_members);
      const view = this.view(conv);
      const marks = new Map(view.value.marks);
      for (const member of members) raise(marks, member.uid, member.delivered ?? 0, member.read ?? 0);
      view.value = { ...view.value, members, marks };
      this.learn_(members.filter((member): member is Member & User => member.name !== undefined));
    } catch {
      // Lost or refused: asked again when the conversation is opened or the link comes back.
    }
  }

  private async load_(
    conv: string,
    kind: NonNullable<View['loading']>,
    anchor: { before?: number; after?: number },
  ): Promise<void> {
    const link = this.connection_()?.link;
    const view = this.view(conv);
    if (!link || view.value.loading) return;
    view.value = { ...view.value, loading: kind, held: [] };
    const generation = this.generation_;
    try {
      const answer = await link.request('history', { conv, limit: page_size, ...anchor }, { min_pos: this.applied_ });
      if (generation !== this.generation_) return;
      const page = answer.d;
      const { held, window } = view.value;
      let next: Window | undefined;
      if (kind === 'newest') {
        next = newest(page);
        for (const event of held) next &&= with_event(next, event);
      } else if (window) {
        next = kind === 'older' ? with_older(window, page) : with_newer(window, page);
        // A newest message that arrived while the last page was on its way is in neither.
        if (kind === 'newer' && !next.has_newer && next.rev > page.rev) next.has_newer = true;
        for (const event of held) if ((event.rev ?? 0) > page.rev) next = with_alteration(next, event);
      }
      view.value = { ...view.value, window: next, loading: undefined, held: [] };
      this.drop_settled_(conv);
      if (!next && kind === 'newest') await this.load_(conv, 'newest', {});
    } catch (why) {
      if (generation !== this.generation_) return;
      view.value = { ...view.value, loading: undefined, held: [] };
      if (why instanceof Refused) {
        if (why.err.retry === 'same_cid' && kind === 'newest') this.later_(() => this.refresh_open_());
      } else if (this.connection_()?.link && kind === 'newest') await this.load_(conv, kind, anchor);
    }
  }

  private async sync_(): Promise<void> {
    const link = this.connection_()?.link;
    if (this.syncing_) this.sync_again_ = true;
    if (!link || this.syncing_) return;
    this.syncing_ = true;
    this.appeared_.clear();
    this.vanished_.clear();
    try {
      const convs = new Map<string, Conversation>();
      const users: User[] = [];
      let next: string | null | undefined;
      do {
        const answer: Answer<Ops['sync']['answer']> = await link.request(
          'sync',
          { since: 0, convs: true, users: true, ...(next ? { next } : {}) },
          { min_pos: this.applied_ },
        );
        for (const conv of answer.d.convs ?? []) convs.set(conv.conv, conv);
        users.push(...(answer.d.users ?? []));
        next = answer.d.next;
      } while (next);
      batch(() => {
        this.merge_(convs);
        this.learn_(users);
        this.stale_ = false;
        this.loaded.value = true;
      });
      this.refresh_open_();
    } catch (why) {
      if (why instanceof Refused) this.later_(() => this.sync_soon());
    } finally {
      this.syncing_ = false;
    }
    const again = this.sync_again_;
    this.sync_again_ = false;
    // Something changed meanwhile, or another link is there already.
    if (again) this.sync_soon();
    else if (this.stale_ && this.connection_()?.link && this.connection_()?.link !== link) this.sync_soon();
  }

  private later_(what: () => void): void {
    clearTimeout(this.later_timer_);
    this.later_timer_ = setTimeout(what, 500);
  }

  // Counters only grow: an event that overtook the answer must not be undone by it.
  private merge_(fetched: Map<string, Conversation>): void {
    for (const [id, conv] of fetched) {
      const known = this.convs.value.get(id);
      // Its newest message may have been changed or deleted since.
      if (known && (known.seq > conv.seq || known.rev > conv.rev))
        fetched.set(id, { ...conv, seq: Math.max(known.seq, conv.seq), rev: known.rev, last: known.last });
      if (known && known.read > conv.read) fetched.set(id, { ...fetched.get(id)!, read: known.read });
    }
    for (const id of this.appeared_) {
      const known = this.convs.value.get(id);
      if (known && !fetched.has(id)) fetched.set(id, known);
    }
    for (const id of this.vanished_) fetched.delete(id);
    const missing = [...this.convs.value.keys(), ...this.kept_convs()].filter((id) => !fetched.has(id));
    this.let_go_(missing);
    this.convs.value = fetched;
    const back = [...this.gone.value].filter(([id]) => !fetched.has(id));
    if (back.length < this.gone.value.size) this.gone.value = new Map(back);
  }

  // With what is known of them; their names stay, for what is still to be said about them.
  private let_go_(ids: string[]): void {
    if (ids.length === 0) return;
    const convs = new Map(this.convs.value);
    const gone = new Map(this.gone.value);
    for (const id of ids) {
      const known = convs.get(id);
      gone.set(id, known ? place(known) : (gone.get(id) ?? ''));
      convs.delete(id);
      this.views_.delete(id);
    }
    this.gone.value = gone;
    this.convs.value = convs;
    const settled = [...this.settled.value].filter(([, row]) => !ids.includes(row.conv));
    if (settled.length < this.settled.value.size) this.settled.value = new Map(settled);
  }

  private apply_(event: Dev): void {
    const id = event.conv;
    if (event.ev === 'user.update') {
      const user = event.d as { uid: string; name?: string };
      if (user.name !== undefined) this.learn_([{ uid: user.uid, name: user.name }]);
      return;
    }
    if (id === undefined) return;
    if (event.ev === 'conv.gone') {
      this.appeared_.delete(id);
      this.vanished_.add(id);
      this.let_go_([id]);
      return;
    }
    if (event.ev === 'conv.new') {
      this.appear_(event.d as unknown as Conversation);
      return;
    }
    if (event.ev === 'conv.member') {
      this.membership_(id, event.d as { uid: string; on: boolean; user?: User });
      return;
    }
    if (event.ev === 'conv.update') {
      this.sync_soon();
      return;
    }
    if (event.ev === 'read' || event.ev === 'delivered') {
      this.mark_(
        event.ev,
        id,
        event.d as { uid: string; seq: number; more?: { conv: string; uid: string; seq: number }[] },
      );
      return;
    }
    this.to_window_(id, event);
    const rev = event.rev ?? 0;
    if (event.ev === 'msg.new') this.count_(id, event.d as unknown as Message, rev);
    else {
      this.touch_(id, (conv) => ({ ...conv, rev: Math.max(conv.rev, rev) }));
      this.alter_last_(id, event);
    }
  }

  private appear_(conv: Conversation): void {
    if (this.convs.value.has(conv.conv)) return;
    this.appeared_.add(conv.conv);
    if (this.gone.value.has(conv.conv))
      this.gone.value = new Map([...this.gone.value].filter(([id]) => id !== conv.conv));
    this.convs.value = new Map(this.convs.value).set(conv.conv, conv);
  }

  private membership_(id: string, d: { uid: string; on: boolean; user?: User }): void {
    // What one's own joining opens is more than an event says.
    if (d.uid === this.me.value?.uid || !this.convs.value.has(id)) {
      this.sync_soon();
      return;
    }
    if (d.user) this.learn_([d.user]);
    this.touch_(id, (conv) =>
      conv.members === undefined ? conv : { ...conv, members: conv.members + (d.on ? 1 : -1) },
    );
    if (id === this.open_conv.value) void this.load_members(id);
  }

  private count_(id: string, msg: Message, rev: number): void {
    const known = this.convs.value.get(id);
    if (!known) {
      this.sync_soon();
      return;
    }
    const mine = msg.uid === this.me.value?.uid;
    const read = mine ? Math.max(known.read, msg.seq) : known.read;
    const seq = Math.max(known.seq, msg.seq);
    const conv = { ...known, seq, read, rev: Math.max(known.rev, rev), unread: seq - read, last: msg };
    this.convs.value = new Map(this.convs.value).set(id, conv);
    if (!this.users.value.has(msg.uid)) void this.load_members(id);
    if (!mine) this.on_message(conv, msg);
  }

  // The list shows what the newest message says now. From a sync it comes without its id: then it is looked up.
  private alter_last_(id: string, event: Dev): void {
    const last = this.convs.value.get(id)?.last;
    if (!last) return;
    const window = this.view(id).value.window;
    const newest = window && !window.has_newer ? window.msgs.at(-1) : undefined;
    if (last.mid !== undefined)
      this.touch_(id, (conv) => ({ ...conv, last: altered(last as unknown as Message, event) }));
    else if (newest && newest.seq === this.convs.value.get(id)?.seq)
      this.touch_(id, (conv) => ({ ...conv, last: newest }));
    else void this.fetch_last_(id);
  }

  private async fetch_last_(id: string): Promise<void> {
    try {
      const answer = await this.connection_()?.link?.request(
        'history',
        { conv: id, limit: 1 },
        { min_pos: this.applied_ },
      );
      const newest = answer?.d.msgs.at(-1);
      // A message that came meanwhile is newer, and is known with its id.
      if (newest) this.touch_(id, (conv) => (conv.seq === newest.seq ? { ...conv, last: newest } : conv));
    } catch {
      // Lost or refused: the next sync has it.
    }
  }

  private mark_(
    kind: 'read' | 'delivered',
    conv: string,
    d: { uid: string; seq: number; more?: { conv: string; uid: string; seq: number }[] },
  ): void {
    for (const mark of [{ conv, uid: d.uid, seq: d.seq }, ...(d.more ?? [])]) {
      if (mark.uid === undefined) continue;
      const view = this.view(mark.conv);
      const marks = new Map(view.value.marks);
      raise(marks, mark.uid, mark.seq, kind === 'read' ? mark.seq : 0);
      view.value = { ...view.value, marks };
      if (kind === 'read' && mark.uid === this.me.value?.uid)
        this.touch_(mark.conv, (old) =>
          old.read >= mark.seq ? old : { ...old, read: mark.seq, unread: Math.max(0, old.seq - mark.seq) },
        );
    }
  }

  private to_window_(conv: string, event: Dev): void {
    const view = this.view(conv);
    const old = view.value;
    if (old.loading) view.value = { ...old, held: [...old.held, event] };
    if (!old.window) return;
    const window = with_event(old.window, event);
    view.value = { ...view.value, window };
    this.drop_settled_(conv);
    if (!window && conv === this.open_conv.value) void this.load_newest(conv);
  }

  private in_window_(conv: string, seq: number): boolean {
    const window = this.view(conv).value.window;
    return window !== undefined && (window.msgs.at(-1)?.seq ?? 0) >= seq;
  }

  private drop_settled_(conv: string): void {
    const settled = this.settled.value;
    const left = [...settled].filter(([, row]) => row.conv !== conv || !this.in_window_(conv, row.seq));
    if (left.length < settled.size) this.settled.value = new Map(left);
  }

  private touch_(id: string, change: (conv: Conversation) => Conversation): void {
    const known = this.convs.value.get(id);
    if (!known) return;
    const next = change(known);
    if (next !== known) this.convs.value = new Map(this.convs.value).set(id, next);
  }

  private learn_(users: Iterable<User>): void {
    const names = new Map(this.users.value);
    for (const user of users) names.set(user.uid, user.name);
    this.users.value = names;
  }
}

function place(conv: Conversation): string {
  return `${conv.kind === 'room' ? '#' : ''}${conv.name}`;
}

function raise(marks: Map<string, Marks>, uid: string, delivered: number, read: number): void {
  const old = marks.get(uid) ?? { delivered: 0, read: 0 };
  marks.set(uid, { delivered: Math.max(old.delivered, delivered, read), read: Math.max(old.read, read) });
}

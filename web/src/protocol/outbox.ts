// Every change on its way to the chain. It promises: a durable change is stored on this device before it is sent; changes
// of one lane (a conversation) are sent one after the other in the order in which they were made, the next one only when
// the one before has its definite answer; a change is sent again with the same cid, at any replica, until that answer is
// there; only a definite refusal, where it is certain that nothing happened, is called refused. A change that no replica can
// read, or that ends every link it is sent on, ends too, and does not hold back what was made after it.
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Connection } from './connection';
import { LinkLost, Refused, type Answer, type OpAnswer, type OpData, type OpName } from './frames';
import type { Link, LinkEnd } from './link';
import type { Err } from './types.gen';
import { learn_time, ulid } from './ulid';
import { all_well_formed } from './well_formed';

export type ChangeState =
  | 'saving'
  // On this device, certainly not on the chain.
  | 'waiting'
  // Sent; the answer is not there yet, or was lost.
  | 'confirming'
  | 'refused';

export interface Change<K extends OpName = OpName> {
  cid: string;
  uid: string;
  lineage: string;
  lane: string;
  // What the conversation was called when this was written: its id means nothing in another history.
  place?: string;
  op: K;
  d: OpData<K>;
  at: number;
  durable: boolean;
  state: ChangeState;
  sent: number;
  // When this page sent it first.
  asked_at?: number;
  err?: Err;
  // What the device keeps of it says already that it was sent.
  noted?: boolean;
  // It had this key before, which was refused for the clock that made it; and so often.
  replaces?: string;
  corrected?: number;
}

// What survives a reload. `durable` is true where the device keeps it; otherwise it lives as long as the page.
export interface ChangeStore {
  readonly durable: boolean;
  load(): Promise<Change[]>;
  put(change: Change): Promise<void>;
  remove(cid: string): Promise<void>;
}

export interface OutboxHandlers {
  place_of(lane: string): string;
  on_done(change: Change, answer: Answer<unknown>): void;
  on_refused(change: Change): void;
}

export const resend_ms = 800;
const corrections_max = 3;
const longest_wait_ms = 15000;
const first_retry_ms = 200;
const saved_within_ms = 5000;
// A link that lives but gives no answer to this: asked again.
export const answer_within_ms = 20000;
// When "confirming" has lasted for this long, the page says what is known, and offers an end.
export const unconfirmed_after_ms = 20000;
// How often a link may end right after a change was sent on it: then the change goes alone, and at last not any more.
const losses_before_alone = 3;
const losses_before_end = 6;
const lost_at_once_ms = 3000;

// Ends that nobody meant: the network's, a proxy's, or a process's that is gone.
const abrupt_codes: ReadonlySet<number> = new Set([1002, 1005, 1006, 1011, 1014, 1015]);
const unknown_end = { code: 'timeout', retry: 'same_cid', outcome: 'unknown' } as const;

interface Waiter {
  resolve(answer: Answer<never>): void;
  reject(why: Error): void;
}

interface Lane {
  busy: boolean;
  // What is on its way.
  flying?: string;
  retry?: ReturnType<typeof setTimeout>;
  failures: number;
}

// The key is older than what the server remembers, or by a clock that is ahead.
const is_out_of_time = (err: Err) => err.code === 'bad_request' && err.field === 'cid';

export class Outbox {
  private entries_ = signal<readonly Change[]>([]);
  private lanes_ = new Map<string, Lane>();
  private waiters_ = new Map<string, Waiter>();
  // One of these could not be read by a replica, or ends each link: they go one at a time until it is known which.
  private suspects_ = new Set<string>();
  private losses_ = new Map<string, number>();
  private overdue_ms_ = resend_ms;
  private uid_ = '';
  private lineage_ = signal('');
  // Written for another history and never sent in this one. The ids in it may name something else by now, so that it is
  // shown apart from every conversation, for the person to decide.
  readonly left_over = computed(() => this.entries_.value.filter((change) => this.is_foreign_(change)));

  constructor(
    private readonly connection_: () => Connection | undefined,
    private readonly store_: ChangeStore,
    private readonly handlers_: OutboxHandlers,
  ) {}

  get entries(): ReadonlySignal<readonly Change[]> {
    return this.entries_;
  }

  get durable(): boolean {
    return this.store_.durable;
  }

  // Takes up what an earlier page of this user left behind.
  async open(uid: string): Promise<void> {
    this.uid_ = uid;
    const kept = (await this.store_.load())
      .filter((change) => change.uid === uid)
      .map((change) => ({ ...change, d: all_well_formed(change.d), asked_at: undefined }));
    const known = new Set(this.entries_.value.map((change) => change.cid));
    const replaced = new Set(kept.map((change) => change.replaces));
    for (const change of kept) if (replaced.has(change.cid)) this.store_.remove(change.cid).catch(() => {});
    const old = kept.filter((change) => !known.has(change.cid) && !replaced.has(change.cid));
    for (const change of old) if (change.state !== 'refused') change.state = change.sent > 0 ? 'confirming' : 'waiting';
    this.entries_.value = [...old, ...this.entries_.value.filter((change) => change.uid === uid)];
    if (this.lineage_.value !== '') this.bind(this.lineage_.value);
    this.pump();
  }

  // The chain's history is known now. What was written for another history must not slip into this one by itself.
  bind(lineage: string): void {
    this.lineage_.value = lineage;
    for (const change of this.entries_.value)
      if (change.state !== 'refused' && this.is_foreign_(change))
        this.refuse_(change.cid, {
          code: 'precondition_failed',
          msg: 'The chain goes on with another history since you wrote this.',
          retry: 'after_fix',
          outcome: 'none',
        });
  }

  close(): void {
    for (const lane of this.lanes_.values()) clearTimeout(lane.retry);
    this.lanes_.clear();
    this.entries_.value = [];
    for (const waiter of this.waiters_.values()) waiter.reject(new LinkLost());
    this.waiters_.clear();
    this.suspects_.clear();
    this.losses_.clear();
    this.uid_ = '';
    this.lineage_.value = '';
  }

  // Makes a change and sends it when its turn comes. `durable`: kept over a reload, and no promise is given, because the
  // answer may come in another life of the page. `refused`: known beforehand to be impossible; shown, never sent.
  add<K extends OpName>(op: K, d: OpData<K>, lane: string, durable: boolean, refused?: Err): string {
    const at = Date.now();
    const change: Change = {
      cid: ulid(),
      uid: this.uid_,
      lineage: this.lineage_.value,
      lane,
      ...(durable ? { place: this.handlers_.place_of(lane) } : {}),
      op,
      d: all_well_formed(d),
      at,
      durable,
      state: refused ? 'refused' : durable ? 'saving' : 'waiting',
      sent: 0,
      err: refused,
    };
    this.entries_.value = [...this.entries_.value, change];
    if (durable) {
      const saved = (durable: boolean) => {
        if (this.find_(change.cid)?.state === 'saving') this.update_(change.cid, { state: 'waiting', durable });
        this.pump();
      };
      // It is on its way as soon as it is kept: should the page end then, nobody could say whether it was sent.
      const is_first = !this.entries_.value.some(
        (other) => other.lane === lane && other.state !== 'refused' && other.cid !== change.cid,
      );
      const goes_at_once = !refused && is_first && this.connection_()?.link !== undefined;
      change.noted = goes_at_once;
      // A full disk, or one that does not answer, must not hold the message back; it is only not promised to be kept.
      const late = setTimeout(() => saved(false), saved_within_ms);
      void this.store_
        .put({ ...change, sent: goes_at_once ? 1 : 0 })
        .then(
          () => saved(this.store_.durable),
          () => saved(false),
        )
        .finally(() => clearTimeout(late));
    } else this.pump();
    return change.cid;
  }

  // A change that somebody waits for in this page, such as a new room.
  ask<K extends OpName>(op: K, d: OpData<K>): Promise<Answer<OpAnswer<K>>> {
    return new Promise((resolve, reject) => {
      const cid = this.add(op, d, `ask:${ulid()}`, false);
      this.waiters_.set(cid, { resolve: resolve as never, reject });
    });
  }

  // The newest value of something that only moves forward, such as a read mark: one is on its way, one waits.
  replace<K extends OpName>(op: K, d: OpData<K>, lane: string): void {
    const waiting = this.entries_.value.find((change) => change.lane === lane && change.sent === 0);
    if (waiting) this.update_(waiting.cid, { d: all_well_formed(d) });
    else this.add(op, d, lane, false);
  }

  discard(cid: string): void {
    const change = this.find_(cid);
    if (!change || change.state !== 'refused') return;
    this.forget_(change);
  }

  // The person does not want to wait for the answer any longer: whether it is stored stays unknown.
  give_up(cid: string): void {
    const change = this.find_(cid);
    if (!change || change.state === 'refused') return;
    this.refuse_(cid, { ...unknown_end, msg: 'No machine has said whether it is stored.' });
    this.pump();
  }

  // Asks once more after such an end: with the same cid, so that it cannot happen twice.
  again(cid: string): void {
    const change = this.find_(cid);
    if (change?.state !== 'refused' || this.is_foreign_(change)) return;
    this.update_(cid, { state: 'confirming', err: undefined, asked_at: undefined });
    this.store_.put(this.find_(cid)!).catch(() => {});
    this.pump();
  }

  // The link ended because a frame could not be read. Returns whether one of the changes can be the reason.
  unreadable(end: LinkEnd): boolean {
    const flying = [...this.lanes_.values()].flatMap((lane) => lane.flying ?? []);
    const [only] = flying;
    for (const cid of flying) this.suspects_.add(cid);
    if (flying.length === 1)
      this.refuse_(only!, {
        code: end.code === 1009 ? 'too_large' : 'bad_request',
        msg: end.code === 1009 ? 'It is too large to be sent at once.' : 'No machine could read it.',
        retry: 'after_fix',
        outcome: 'none',
      });
    return flying.length > 0;
  }

  // Sends what can be sent: called when a link is ready, and after every answer.
  pump(): void {
    const seen = new Set<string>();
    const ready: Change[] = [];
    for (const change of this.entries_.value) {
      if (change.state === 'refused' || seen.has(change.lane)) continue;
      seen.add(change.lane);
      const lane = this.lane_(change.lane);
      if (!lane.busy && lane.retry === undefined && change.state !== 'saving') ready.push(change);
    }
    const flying = [...this.lanes_.values()].flatMap((lane) => lane.flying ?? []);
    if (flying.some((cid) => this.suspects_.has(cid))) return;
    const suspect = ready.find((change) => this.suspects_.has(change.cid));
    if (suspect && flying.length > 0) return;
    for (const change of suspect ? [suspect] : ready) {
      if (!this.connection_()?.link) return;
      void this.send_(change, this.lane_(change.lane));
    }
  }

  // A new link: what waited for another try may go now.
  link_ready(): void {
    for (const lane of this.lanes_.values()) {
      clearTimeout(lane.retry);
      lane.retry = undefined;
    }
    this.pump();
  }

  private async send_(change: Change, lane: Lane): Promise<void> {
    const connection = this.connection_();
    const link = connection?.link;
    if (!connection || !link) return;
    lane.busy = true;
    lane.flying = change.cid;
    const sent = change.sent + 1;
    this.update_(change.cid, { sent, state: 'confirming', asked_at: change.asked_at ?? Date.now() });
    // Noted on the device before it goes: what was never sent may be given another key, and nothing else.
    if (change.durable && sent === 1 && !change.noted) {
      this.update_(change.cid, { noted: true });
      let late: ReturnType<typeof setTimeout> | undefined;
      const waited = new Promise<void>((resolve) => (late = setTimeout(resolve, saved_within_ms)));
      await Promise.race([this.store_.put({ ...change, sent, noted: true }).catch(() => {}), waited]);
      clearTimeout(late);
    }
    const begun = Date.now();
    let overdue: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      overdue = setTimeout(() => {
        this.overdue_ms_ = Math.min(longest_wait_ms, this.overdue_ms_ * 2);
        connection.doubt(begun);
        watch();
      }, this.overdue_ms_);
    };
    watch();
    let given_up: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_, reject) => {
      given_up = setTimeout(() => reject(new LinkLost()), answer_within_ms);
    });
    let retry_ms: number | undefined;
    try {
      const answer = await Promise.race([link.request(change.op, change.d, { cid: change.cid }), silence]);
      this.overdue_ms_ = resend_ms;
      lane.failures = 0;
      connection.trust();
      this.done_(change.cid, answer);
    } catch (why) {
      if (why instanceof Refused) {
        connection.trust();
        retry_ms = is_out_of_time(why.err)
          ? await this.correct_(change.cid, why.err, link)
          : this.judge_(change.cid, why.err, lane);
      } else if (!(why instanceof LinkLost)) throw why;
      else if (abrupt_codes.has(why.code) && Date.now() - begun < lost_at_once_ms) this.lost_with_(change.cid);
    } finally {
      clearTimeout(overdue);
      clearTimeout(given_up);
      lane.busy = false;
      lane.flying = undefined;
    }
    if (retry_ms !== undefined) {
      lane.retry = setTimeout(() => {
        lane.retry = undefined;
        this.pump();
      }, retry_ms);
    } else this.pump();
  }

  // The link ended right after this was sent. Once that is chance; always, and alone, it is the change.
  private lost_with_(cid: string): void {
    const losses = (this.losses_.get(cid) ?? 0) + 1;
    this.losses_.set(cid, losses);
    if (losses >= losses_before_alone) this.suspects_.add(cid);
    if (losses >= losses_before_end)
      this.refuse_(cid, { ...unknown_end, msg: 'Each time it was sent, the connection ended.' });
  }

  // Its key is of another time than the server's. When this was the only time that it was sent, it has certainly not been
  // carried out, and a key by the server's clock is as good; so it is for all that has not been sent at all. Otherwise an
  // earlier sending may have been carried out, and the person decides.
  private async correct_(cid: string, err: Err, link: Link): Promise<number | undefined> {
    const change = this.find_(cid);
    if (!change) return undefined;
    if (change.sent > 1 || (change.corrected ?? 0) >= corrections_max) {
      this.refuse_(cid, err);
      return undefined;
    }
    this.update_(cid, { sent: 0, state: 'waiting', err });
    try {
      learn_time((await link.request('ping', {})).d.t);
    } catch (why) {
      if (why instanceof LinkLost || why instanceof Refused) return first_retry_ms;
      throw why;
    }
    // In their order, so that the new keys sort as the old ones did.
    for (const each of this.entries_.value) if (each.sent === 0 && each.state === 'waiting') this.rekey_(each);
    return 0;
  }

  private rekey_(change: Change): void {
    const fresh = { ...change, cid: ulid(), replaces: change.cid, corrected: (change.corrected ?? 0) + 1, noted: false };
    this.entries_.value = this.entries_.value.map((other) => (other.cid === change.cid ? fresh : other));
    const waiter = this.waiters_.get(change.cid);
    if (waiter) {
      this.waiters_.delete(change.cid);
      this.waiters_.set(fresh.cid, waiter);
    }
    if (!change.durable) return;
    // A page that ends between the two finds both, and knows by `replaces` which one counts.
    this.store_
      .put(fresh)
      .then(() => this.store_.remove(change.cid))
      .catch(() => {});
  }

  // Returns how long to wait before the next try, or nothing when the matter is settled.
  private judge_(cid: string, err: Err, lane: Lane): number | undefined {
    this.losses_.delete(cid);
    this.suspects_.delete(cid);
    // Given up meanwhile; only an answer that it is stored would change that.
    if (this.find_(cid)?.state === 'refused') return undefined;
    const again = err.retry === 'same_cid' || err.outcome === 'unknown';
    if (again) {
      const pause = err.after_ms ?? Math.min(5000, first_retry_ms * 2 ** lane.failures);
      lane.failures++;
      this.update_(cid, { state: err.outcome === 'unknown' ? 'confirming' : 'waiting', err });
      return pause;
    }
    // The account has to sign in again; then it goes on.
    if (err.retry === 'reauth') {
      this.update_(cid, { state: 'waiting', err });
      return longest_wait_ms;
    }
    lane.failures = 0;
    this.refuse_(cid, err);
    return undefined;
  }

  private done_(cid: string, answer: Answer<unknown>): void {
    const change = this.find_(cid);
    if (!change) return;
    this.handlers_.on_done(change, answer);
    this.forget_(change);
    this.waiters_.get(cid)?.resolve(answer as Answer<never>);
    this.waiters_.delete(cid);
  }

  private refuse_(cid: string, err: Err): void {
    const change = this.find_(cid);
    if (!change) return;
    this.losses_.delete(cid);
    this.suspects_.delete(cid);
    const waiter = this.waiters_.get(cid);
    if (!change.durable) {
      this.forget_(change);
      this.waiters_.delete(cid);
      waiter?.reject(new Refused(err));
      return;
    }
    this.update_(cid, { state: 'refused', err });
    const refused = this.find_(cid)!;
    this.store_.put(refused).catch(() => {});
    this.handlers_.on_refused(refused);
  }

  private forget_(change: Change): void {
    this.losses_.delete(change.cid);
    this.suspects_.delete(change.cid);
    this.entries_.value = this.entries_.value.filter((other) => other.cid !== change.cid);
    if (change.durable) this.store_.remove(change.cid).catch(() => {});
  }

  private lane_(name: string): Lane {
    let lane = this.lanes_.get(name);
    if (!lane) this.lanes_.set(name, (lane = { busy: false, failures: 0 }));
    return lane;
  }

  private is_foreign_(change: Change): boolean {
    const now = this.lineage_.value;
    return now !== '' && change.lineage !== '' && change.lineage !== now;
  }

  private find_(cid: string): Change | undefined {
    return this.entries_.value.find((change) => change.cid === cid);
  }

  private update_(cid: string, change: Partial<Change>): void {
    this.entries_.value = this.entries_.value.map((other) => (other.cid === cid ? { ...other, ...change } : other));
  }
}

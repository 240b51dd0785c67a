// Keeps one link to some replica of the chain alive. It promises: when a link ends, the next replica is asked at once
// (0 to 100 ms of jitter), each replica once a round; rounds back off to 15 s where no machine answers, and follow each other after 2 s at most while
// one does that cannot serve; a link in doubt is replaced without
// being dropped first; whoever takes over resumes where the last link stood.
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Answer, OpAnswer, OpData } from './frames';
import { Link, overdue_ms, unreadable_codes, type LinkEnd, type OpenSocket } from './link';
import type { ClusterInfo, Dev, Eev, Endpoint } from './types.gen';

export interface Moved {
  to: string;
  took_ms: number;
  complete: boolean;
  at: number;
}

export interface ConnectionStatus {
  phase: 'off' | 'trying' | 'live' | 'stopped';
  node: string;
  // When it began to go wrong; undefined while all is well. Set before the link is lost, when an answer is overdue.
  trouble_since?: number;
  next_try_at?: number;
  // While it goes wrong: a machine is there, and it is the chain that does not serve.
  answered?: boolean;
  moved?: Moved;
  stop?: LinkEnd;
}

export interface ConnectionHandlers {
  on_hello(answer: Answer<OpAnswer<'hello'>>): void;
  on_durable(events: Dev[]): void;
  on_gap(why: string): void;
  on_ephemeral(event: Eev): void;
  // Requests can be sent: after every hello that succeeded.
  on_ready(): void;
  on_endpoints(endpoints: Endpoint[]): void;
  // A frame of this client could not be read. Returns whether it is known which ones may be meant: then it goes on.
  on_unreadable?(end: LinkEnd): boolean;
  // The token is not accepted any more.
  on_signed_out(reason: string): void;
}

export interface ConnectionOptions {
  open: OpenSocket;
  hello(): Omit<OpData<'hello'>, 'proto' | 'resume'>;
  // Where the client stands: what it has applied.
  resume(): OpData<'hello'>['resume'];
  endpoints: Endpoint[];
  is_watched?: () => boolean;
}

const most_former = 8;
export const jitter_ms = 100;
const first_pause_ms = 250;
const longest_pause_ms = 15000;
const answered_pause_ms = 2000;
const hello_within_ms = 2000;
const hello_within_later_ms = 5000;

export class Connection {
  private status_ = signal<ConnectionStatus>({ phase: 'off', node: '' });
  // The members of the chain now, and those of before: asked when none of the others answers.
  private endpoints_: Endpoint[];
  private former_: Endpoint[] = [];
  private current_: Link | undefined;
  private current_url_ = '';
  private candidate_: Link | undefined;
  private tried_ = new Set<string>();
  private preferred_: string[] = [];
  private rounds_ = 0;
  private unanswered_rounds_ = 0;
  // In this round.
  private answered_ = false;
  private timer_: ReturnType<typeof setTimeout> | undefined;
  private lost_url_ = '';
  // The link in doubt has given a sign of life: it is the chain that is slow.
  private answers_ = false;
  // The replica has said that it goes: no answer of it is a reason to stay.
  private asked_to_leave_ = false;

  constructor(
    private readonly options_: ConnectionOptions,
    private readonly handlers_: ConnectionHandlers,
  ) {
    this.endpoints_ = options_.endpoints;
  }

  get status(): ReadonlySignal<ConnectionStatus> {
    return this.status_;
  }

  get link(): Link | undefined {
    return this.current_?.ready ? this.current_ : undefined;
  }

  start(): void {
    if (this.status_.value.phase !== 'off') return;
    this.set_({ phase: 'trying', trouble_since: Date.now() });
    this.begin_round_();
  }

  stop(): void {
    clearTimeout(this.timer_);
    this.timer_ = undefined;
    const links = [this.current_, this.candidate_];
    this.current_ = this.candidate_ = undefined;
    for (const link of links) link?.close('leaving');
    this.status_.value = { phase: 'off', node: '' };
  }

  // The user asks, or the network came back: don't wait for the next round.
  try_now(): void {
    const phase = this.status_.value.phase;
    if (phase === 'live') this.current_?.probe().catch(() => {});
    else if (phase === 'stopped') {
      this.set_({ phase: 'trying', stop: undefined });
      this.begin_round_();
    } else if (phase === 'trying' && !this.candidate_) this.begin_round_();
  }

  // An answer is overdue since `since`, or the network is said to be gone: ask for a sign of life, and look for another
  // replica; keep this one until the other one has greeted.
  doubt(since: number): void {
    const link = this.current_;
    if (!link || this.candidate_ || this.timer_) return;
    this.set_({ trouble_since: this.status_.value.trouble_since ?? since });
    this.answers_ = false;
    link.probe().then(
      () => {
        if (link !== this.current_) return;
        this.answers_ = true;
        this.set_({ answered: true });
        if (!this.candidate_ && !this.timer_) this.set_({ trouble_since: undefined });
      },
      () => {},
    );
    if (this.endpoints_.length > 1) this.begin_round_();
  }

  // The overdue answer came: the link is fine after all.
  trust(): void {
    if (!this.current_?.ready || this.status_.value.phase !== 'live' || this.asked_to_leave_) return;
    if (this.status_.value.trouble_since === undefined) return;
    const candidate = this.candidate_;
    this.candidate_ = undefined;
    candidate?.close('not needed');
    clearTimeout(this.timer_);
    this.timer_ = undefined;
    this.set_({ trouble_since: undefined });
  }

  private begin_round_(): void {
    clearTimeout(this.timer_);
    this.tried_.clear();
    this.answered_ = false;
    // A link that failed just now is asked again last.
    if (this.current_) this.tried_.add(this.current_url_);
    this.set_({ next_try_at: undefined });
    this.timer_ = setTimeout(() => this.attempt_(), Math.random() * jitter_ms);
  }

  private pick_(): Endpoint | undefined {
    const untried = (endpoint: Endpoint) => !this.tried_.has(endpoint.url);
    const left = this.endpoints_.filter(untried);
    if (left.length === 0) return this.former_.find(untried);
    const wanted = left.find((endpoint) => this.preferred_.includes(endpoint.node));
    if (wanted || !this.lost_url_) return wanted ?? left[0];
    // Everybody who was on the lost replica chooses anew at this moment: spread over the others.
    const others = left.filter((endpoint) => endpoint.url !== this.lost_url_);
    return others[Math.floor(Math.random() * others.length)] ?? left[0];
  }

  private attempt_(): void {
    this.timer_ = undefined;
    const endpoint = this.pick_();
    if (!endpoint) {
      this.pause_();
      return;
    }
    this.tried_.add(endpoint.url);
    const resume = this.options_.resume();
    const link: Link = new Link(
      {
        url: endpoint.url,
        hello: { proto: [1], ...this.options_.hello(), ...(resume ? { resume } : {}) },
        open: this.options_.open,
        hello_within_ms: this.rounds_ === 0 ? hello_within_ms : hello_within_later_ms,
        is_watched: () => this.options_.is_watched?.() ?? false,
        // Where others answer the way there is not slow: this machine has no power, perhaps.
        open_within_ms: this.status_.value.answered ? hello_within_ms : hello_within_later_ms,
      },
      {
        on_hello: (answer) => this.greeted_(link, endpoint, answer),
        on_durable: (events) => {
          if (link === this.current_) this.handlers_.on_durable(events);
        },
        on_gap: (why) => {
          if (link === this.current_) this.handlers_.on_gap(why);
        },
        on_ephemeral: (event) => {
          if (link === this.current_) this.ephemeral_(event);
        },
        on_overdue: () => {
          if (link === this.current_) this.doubt(Date.now() - overdue_ms);
        },
        on_end: (end) => this.ended_(link, endpoint, end),
      },
    );
    this.candidate_ = link;
  }

  // A whole round failed. While a link in doubt is still there, keep it; whoever doubted will ask again.
  private pause_(): void {
    if (this.current_) {
      if (this.answers_) this.set_({ trouble_since: undefined });
      return;
    }
    const longest = this.answered_
      ? answered_pause_ms
      : Math.min(longest_pause_ms, first_pause_ms * 2 ** this.unanswered_rounds_);
    this.rounds_++;
    this.unanswered_rounds_ = this.answered_ ? 0 : this.unanswered_rounds_ + 1;
    const pause = longest * (0.6 + 0.4 * Math.random());
    this.set_({ next_try_at: Date.now() + pause, answered: this.answered_ });
    this.timer_ = setTimeout(() => this.begin_round_(), pause);
  }

  private greeted_(link: Link, endpoint: Endpoint, answer: Answer<OpAnswer<'hello'>>): void {
    const old = this.current_;
    const old_url = this.current_url_ || this.lost_url_;
    const before = this.status_.value;
    this.candidate_ = undefined;
    this.current_ = link;
    this.current_url_ = endpoint.url;
    this.rounds_ = this.unanswered_rounds_ = 0;
    this.preferred_ = [];
    this.asked_to_leave_ = false;
    this.learn_(answer.d.cluster);
    const node = answer.d.cluster.node ?? endpoint.node;
    const now = Date.now();
    const moved: Moved | undefined =
      old_url !== '' && old_url !== endpoint.url
        ? { to: node, took_ms: now - (before.trouble_since ?? now), complete: answer.d.resume === 'ok', at: now }
        : undefined;
    this.status_.value = { phase: 'live', node, moved };
    // Requests of the old link are answered by LinkLost only now, so that they are sent again on the new one.
    this.handlers_.on_hello(answer);
    old?.close('moved');
    this.handlers_.on_ready();
  }

  private ended_(link: Link, endpoint: Endpoint, end: LinkEnd): void {
    const was_current = link === this.current_;
    if (!was_current && link !== this.candidate_) return;
    if (was_current) this.current_ = undefined;
    else this.candidate_ = undefined;
    const known = was_current && unreadable_codes.has(end.code) && this.handlers_.on_unreadable?.(end) === true;
    if (end.stop && !known) {
      this.give_up_(end);
      return;
    }
    if (!was_current) {
      this.answered_ ||= end.answered;
      if (end.answered) this.set_({ answered: true });
      this.timer_ = setTimeout(() => this.attempt_(), Math.random() * jitter_ms);
      return;
    }
    this.lost_url_ = endpoint.url;
    this.current_url_ = '';
    this.asked_to_leave_ = false;
    const trouble_since = this.status_.value.trouble_since ?? Date.now();
    this.set_({ phase: 'trying', trouble_since, moved: undefined, answered: undefined });
    // A candidate is already on its way when the link had been in doubt.
    if (!this.candidate_) this.begin_round_();
  }

  private give_up_(end: LinkEnd): void {
    const others = [this.current_, this.candidate_];
    this.current_ = this.candidate_ = undefined;
    for (const other of others) other?.close('leaving');
    clearTimeout(this.timer_);
    this.timer_ = undefined;
    this.set_({ phase: 'stopped', stop: end, trouble_since: this.status_.value.trouble_since ?? Date.now() });
    if (end.code >= 4501 && end.code <= 4503) this.handlers_.on_signed_out(end.reason);
  }

  private ephemeral_(event: Eev): void {
    if (event.ev === 'bye') {
      const bye = event.d as { prefer?: string[]; reconnect?: boolean };
      this.preferred_ = bye.prefer ?? [];
      // Move over before the other side closes.
      if (bye.reconnect !== false) {
        this.asked_to_leave_ = true;
        this.doubt(Date.now());
      }
    }
    if (event.ev === 'cluster') this.learn_(event.d as unknown as ClusterInfo);
    this.handlers_.on_ephemeral(event);
  }

  private learn_(cluster: ClusterInfo): void {
    if (!cluster.endpoints?.length) return;
    const now = new Set(cluster.endpoints.map((endpoint) => endpoint.url));
    const gone = [...this.endpoints_, ...this.former_].filter((endpoint) => !now.has(endpoint.url));
    this.former_ = gone
      .filter((endpoint, at) => gone.findIndex((other) => other.url === endpoint.url) === at)
      .slice(0, most_former);
    this.endpoints_ = cluster.endpoints;
    this.handlers_.on_endpoints(cluster.endpoints);
  }

  private set_(change: Partial<ConnectionStatus>): void {
    this.status_.value = { ...this.status_.value, ...change };
  }
}

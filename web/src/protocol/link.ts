// One WebSocket to one replica, from hello to close. It promises: requests get exactly one answer, refusal or LinkLost;
// durable events are handed on in order, and a hole in their `prev` chain is reported, never hidden; acks follow what was
// handed on; a silent peer is given up after a ping that nobody answers.
import { LinkLost, parse_frame, Refused, type Answer, type OpAnswer, type OpData, type OpName } from './frames';
import type { Dev, Eev, Err, Notes } from './types.gen';
import { all_well_formed } from './well_formed';

export interface SocketLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type OpenSocket = (url: string) => SocketLike;

export interface LinkEnd {
  code: number;
  reason: string;
  // Codes 4500 to 4999 mean: do not come back like this.
  stop: boolean;
  // A machine had taken the connection.
  answered: boolean;
}

export interface LinkHandlers {
  on_hello(answer: Answer<OpAnswer<'hello'>>): void;
  on_durable(events: Dev[]): void;
  // What was received has a hole, or the server says that it can't be continued: fetch everything anew.
  on_gap(why: string): void;
  on_ephemeral(event: Eev): void;
  // No sign of life for a while, and no end yet.
  on_overdue(): void;
  on_end(end: LinkEnd): void;
}

export interface LinkOptions {
  url: string;
  hello: OpData<'hello'>;
  open: OpenSocket;
  hello_within_ms: number;
  open_within_ms: number;
  // Somebody looks at the page, who is not to believe for long what a machine said that has died without a word.
  is_watched(): boolean;
}

// Ends that say: a frame of this client could not be read. The last one is this client's own word for an error answer that
// names no request, while more than one change may be meant.
export const unreadable_codes: ReadonlySet<number> = new Set([1003, 1007, 1009, 4504, 4903]);

// A longer one ends the link at the other side.
const default_frame_max = 65536;
const too_large: Err = {
  ...{ code: 'too_large', msg: 'It is too large to be sent at once.' },
  ...{ retry: 'after_fix', outcome: 'none' },
};

const frame_text = (frame: object) => JSON.stringify(all_well_formed(frame));
const is_longer = (text: string, bytes: number) =>
  text.length > bytes / 3 && new TextEncoder().encode(text).length > bytes;

// WebSocket.OPEN. Between the other side's close frame and the event that says so a socket takes texts and drops them, with
// an error on the console (WHATWG WebSockets, send()).
const open_state = 1;

const watched_silence_ms = 3000;
export const overdue_ms = 2000;

const ack_after_events = 64;
const ack_after_ms = 80;

export class Link {
  private socket_: SocketLike;
  private next_id_ = 1;
  private waiting_ = new Map<
    number,
    { cid?: string; resolve: (answer: Answer<never>) => void; reject: (why: Error) => void }
  >();
  private ended_ = false;
  private answered_ = false;
  private greeted_ = false;
  private cursor_ = 0;
  private acked_ = 0;
  private unacked_events_ = 0;
  private sent_at_ = 0;
  private frame_max_ = default_frame_max;
  private silence_ms_ = 15000;
  private dead_ms_ = 4000;
  private hello_timer_: ReturnType<typeof setTimeout> | undefined;
  private open_timer_: ReturnType<typeof setTimeout> | undefined;
  private silence_timer_: ReturnType<typeof setTimeout> | undefined;
  private dead_timer_: ReturnType<typeof setTimeout> | undefined;
  private overdue_timer_: ReturnType<typeof setTimeout> | undefined;
  private ack_timer_: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly options_: LinkOptions,
    private readonly handlers_: LinkHandlers,
  ) {
    this.hello_timer_ = setTimeout(() => this.end_(4900, 'no answer to hello', false), options_.hello_within_ms);
    this.open_timer_ = setTimeout(() => this.end_(4900, 'takes no connection', false), options_.open_within_ms);
    this.socket_ = options_.open(options_.url);
    this.socket_.onopen = () => this.greet_();
    this.socket_.onmessage = (event) => this.receive_(event.data);
    this.socket_.onerror = () => {};
    this.socket_.onclose = (event) => this.end_(event.code, event.reason, event.code >= 4500 && event.code < 5000);
  }

  get ready(): boolean {
    return this.greeted_ && !this.ended_;
  }

  request<K extends OpName>(
    op: K,
    d: OpData<K>,
    extra: { cid?: string; min_pos?: number } = {},
  ): Promise<Answer<OpAnswer<K>>> {
    if (this.ended_) return Promise.reject(new LinkLost());
    const id = this.next_id_++;
    const text = frame_text({ id, op, ...extra, d });
    if (is_longer(text, this.frame_max_)) return Promise.reject(new Refused(too_large));
    return new Promise((resolve, reject) => {
      this.waiting_.set(id, { cid: extra.cid, resolve: resolve as never, reject });
      this.send_(text);
    });
  }

  // Says something that gets no answer.
  note<K extends keyof Notes>(op: K, d: NonNullable<Notes[K]>): void {
    if (this.ready) this.send_(frame_text({ op, d }));
  }

  // Asks for a sign of life now, for instance when the page comes back to the foreground. Resolves when it came.
  async probe(): Promise<void> {
    if (!this.ready) return;
    this.dead_timer_ ??= setTimeout(() => this.end_(4901, 'no answer to ping', false), this.dead_ms_);
    await this.request('ping', {});
  }

  close(reason: string): void {
    this.end_(1000, reason, false);
  }

  private greet_(): void {
    clearTimeout(this.open_timer_);
    this.answered_ = true;
    this.request('hello', this.options_.hello).then(
      (answer) => {
        if (this.ended_) return;
        clearTimeout(this.hello_timer_);
        this.greeted_ = true;
        this.silence_ms_ = answer.d.hb?.interval_ms ?? this.silence_ms_;
        this.frame_max_ = answer.d.limits?.frame ?? default_frame_max;
        this.dead_ms_ = answer.d.hb?.timeout_ms ?? this.dead_ms_;
        const resume = this.options_.hello.resume;
        this.cursor_ = answer.d.resume === 'ok' && resume ? resume.pos : answer.pos;
        this.acked_ = this.cursor_;
        this.handlers_.on_hello(answer);
        this.heard_();
      },
      (why: Error) => {
        if (why instanceof Refused) {
          const stop = why.err.retry === 'reauth';
          this.end_(stop ? 4501 : 4902, why.err.msg, stop);
        }
      },
    );
  }

  private receive_(data: unknown): void {
    if (this.ended_ || typeof data !== 'string') return;
    this.heard_();
    const incoming = parse_frame(data);
    switch (incoming.kind) {
      case 'response': {
        const frame = incoming.frame;
        const waiting = this.waiting_.get(frame.re);
        if (!waiting) {
          if (!frame.ok) this.nameless_refusal_(frame.err);
          return;
        }
        this.waiting_.delete(frame.re);
        if (frame.ok) waiting.resolve({ pos: frame.pos ?? 0, dup: frame.dup ?? false, d: (frame.d ?? {}) as never });
        else
          waiting.reject(
            new Refused(
              frame.err ?? { code: 'internal', msg: 'no reason given', retry: 'same_cid', outcome: 'unknown' },
            ),
          );
        return;
      }
      case 'durable':
        this.take_(incoming.events);
        return;
      case 'ephemeral':
        if (incoming.event.ev === 'reset') this.handlers_.on_gap('reset');
        else this.handlers_.on_ephemeral(incoming.event);
        return;
      case 'unknown':
        return;
    }
  }

  // An error that names no request: a frame could not be read. Only changes carry what somebody wrote, so one of those is
  // meant. When it can be any of several, they are sent again one at a time on another link.
  private nameless_refusal_(err: Err | undefined): void {
    const changes = [...this.waiting_].filter(([, { cid }]) => cid !== undefined);
    const [only] = changes;
    if (changes.length > 1) this.end_(4903, 'an error that names no request', false);
    else if (only) {
      this.waiting_.delete(only[0]);
      only[1].reject(
        new Refused(
          err ?? { code: 'bad_request', msg: 'no machine could read it', retry: 'after_fix', outcome: 'none' },
        ),
      );
    }
  }

  private take_(events: Dev[]): void {
    let hole = false;
    for (const event of events) {
      hole ||= event.prev !== this.cursor_;
      this.cursor_ = event.pos;
    }
    this.handlers_.on_durable(events);
    if (hole) this.handlers_.on_gap('hole');
    this.unacked_events_ += events.length;
    if (this.unacked_events_ >= ack_after_events) this.ack_();
    else this.ack_timer_ ??= setTimeout(() => this.ack_(), ack_after_ms);
  }

  private ack_(): void {
    clearTimeout(this.ack_timer_);
    this.ack_timer_ = undefined;
    this.unacked_events_ = 0;
    if (this.ended_ || this.cursor_ <= this.acked_) return;
    this.acked_ = this.cursor_;
    this.note('ack', { pos: this.acked_ });
  }

  private ping_(): void {
    this.probe().catch(() => {});
  }

  // What is said while the other side closes is answered by the end of the link, which is about to come with its code.
  private send_(text: string): void {
    if (this.socket_.readyState !== open_state) return;
    this.sent_at_ = Date.now();
    this.socket_.send(text);
  }

  private heard_(): void {
    clearTimeout(this.silence_timer_);
    clearTimeout(this.overdue_timer_);
    clearTimeout(this.dead_timer_);
    this.dead_timer_ = undefined;
    if (!this.greeted_) return;
    const patience = this.options_.is_watched() ? Math.min(watched_silence_ms, this.silence_ms_) : this.silence_ms_;
    this.silence_timer_ = setTimeout(() => {
      this.overdue_timer_ = setTimeout(() => this.handlers_.on_overdue(), overdue_ms);
      this.ping_();
    }, patience);
    // The other side wants a sign of life too, also while it does all the talking.
    if (Date.now() - this.sent_at_ >= this.silence_ms_) this.ping_();
  }

  private end_(code: number, reason: string, stop: boolean): void {
    if (this.ended_) return;
    this.ended_ = true;
    const timers = [this.hello_timer_, this.open_timer_, this.silence_timer_, this.overdue_timer_, this.dead_timer_];
    for (const timer of [...timers, this.ack_timer_]) clearTimeout(timer);
    this.socket_.onopen = this.socket_.onmessage = this.socket_.onclose = null;
    try {
      this.socket_.close(1000);
    } catch {
      // It was never open.
    }
    const waiting = [...this.waiting_.values()];
    this.waiting_.clear();
    for (const { reject } of waiting) reject(new LinkLost(code));
    this.handlers_.on_end({ code, reason, stop, answered: this.answered_ });
  }
}

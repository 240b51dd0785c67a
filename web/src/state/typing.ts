// Who is writing now. Hearsay: it expires by itself, and nothing else depends on it.
import { signal } from '@preact/signals';
import type { Connection } from '../protocol/connection';

const again_ms = 3000;
const default_ttl_ms = 6000;

export class Typing {
  readonly people = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map());
  private timers_ = new Map<string, ReturnType<typeof setTimeout>>();
  private told_ = { conv: '', at: 0 };

  constructor(private readonly connection_: () => Connection | undefined) {}

  // The text in the box changed: told to the others now and then, and once when it is empty again.
  write(conv: string, on: boolean): void {
    const now = Date.now();
    const told = this.told_.conv === conv && this.told_.at > 0;
    if (on ? told && now - this.told_.at < again_ms : !told) return;
    this.told_ = { conv, at: on ? now : 0 };
    this.connection_()?.link?.note('typing', { conv, on });
  }

  heard(conv: string, d: { uid: string; on: boolean; ttl_ms?: number }): void {
    const key = `${conv} ${d.uid}`;
    clearTimeout(this.timers_.get(key));
    this.timers_.delete(key);
    if (d.on)
      this.timers_.set(
        key,
        setTimeout(() => this.set_(conv, d.uid, false), d.ttl_ms ?? default_ttl_ms),
      );
    this.set_(conv, d.uid, d.on);
  }

  private set_(conv: string, uid: string, on: boolean): void {
    const here = new Set(this.people.value.get(conv));
    if (here.has(uid) === on) return;
    if (on) here.add(uid);
    else here.delete(uid);
    this.people.value = new Map(this.people.value).set(conv, here);
  }
}

export function typing_words(names: string[]): string {
  if (names.length === 0) return '';
  if (names.length === 1) return `${names[0]} is typing`;
  return names.length === 2 ? `${names[0]} and ${names[1]} are typing` : 'Several people are typing';
}

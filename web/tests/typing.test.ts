import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../src/protocol/connection';
import { Typing, typing_words } from '../src/state/typing';

describe('typing', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('tells it at most every three seconds, and once that it is over', () => {
    const note = vi.fn();
    const typing = new Typing(() => ({ link: { note } }) as unknown as Connection);
    for (let i = 0; i < 35; i++) {
      typing.write('c_1', true);
      vi.advanceTimersByTime(100);
    }
    typing.write('c_1', false);
    typing.write('c_1', false);
    expect(note.mock.calls.map(([, d]) => d.on)).toEqual([true, true, false]);
  });

  it('forgets what nobody repeats', () => {
    const typing = new Typing(() => undefined);
    const now = () => [...(typing.people.value.get('c_1') ?? [])];
    typing.heard('c_1', { uid: 'u_2', on: true, ttl_ms: 6000 });
    vi.advanceTimersByTime(4000);
    typing.heard('c_1', { uid: 'u_2', on: true, ttl_ms: 6000 });
    typing.heard('c_1', { uid: 'u_3', on: true, ttl_ms: 6000 });
    typing.heard('c_1', { uid: 'u_3', on: false });
    vi.advanceTimersByTime(5999);
    expect(now()).toEqual(['u_2']);
    vi.advanceTimersByTime(1);
    expect(now()).toEqual([]);
  });

  it('has words for one, two and more', () => {
    expect(['a', 'b', 'c'].map((_, i) => typing_words(['ana', 'bob', 'eve'].slice(0, i + 1)))).toEqual([
      'ana is typing',
      'ana and bob are typing',
      'Several people are typing',
    ]);
  });
});

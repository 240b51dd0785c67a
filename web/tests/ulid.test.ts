import { describe, expect, it } from 'vitest';
import { ulid } from '../src/protocol/ulid';

describe('ulid', () => {
  it('is a cid, sorted by making, also within a millisecond and when the clock falls back', () => {
    const made = Array.from({ length: 3000 }, (_, i) =>
      ulid(1_800_000_000_000 + (i % 3 === 0 ? -5 : Math.floor(i / 1000))),
    );
    expect(made.every((one) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(one))).toBe(true);
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('holds its time', () => {
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    const at = 1_900_000_000_123;
    const time = [...ulid(at).slice(0, 10)].reduce((sum, digit) => sum * 32 + alphabet.indexOf(digit), 0);
    expect(time).toBe(at);
  });
});

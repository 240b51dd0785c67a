// Waiting for what is seen from outside: asks again until it holds, fails with what it waited for.
import { setTimeout as pause } from 'node:timers/promises';

export async function until(what, holds, limit_ms = 40_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${limit_ms} ms in vain until ${what}`);
    await pause(50);
  }
}

export function same(found, expected, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`);
}

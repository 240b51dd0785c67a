// A cid is a ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32. Those made here sort in the order in
// which they were made, also within one millisecond, because the outbox is read back in key order.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

let last_time = 0;
let last_random: number[] = [];

// What a replica said what time it is, and when it did, by a clock that nobody sets. Only where the device's own clock is
// far from that; a key by a wrong clock is refused.
let told: { time: number; at: number } | undefined;
const trusted_within_ms = 60 * 60 * 1000;

export function learn_time(server_ms: number): void {
  const wrong = Math.abs(server_ms - Date.now()) > trusted_within_ms;
  told = wrong ? { time: server_ms, at: performance.now() } : undefined;
  // Keys of a clock that was ahead would be followed for as long.
  last_time = 0;
}

// For the keys of changes: the device's time, unless that is known to be wrong.
export function key_time(): number {
  return told ? Math.floor(told.time + performance.now() - told.at) : Date.now();
}

function fresh_random(): number[] {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte & 31);
}

export function ulid(now: number = key_time()): string {
  if (now > last_time) {
    last_time = now;
    last_random = fresh_random();
    // Room to count upwards: the first digit starts in the lower half.
    last_random[0]! &= 15;
  } else {
    let digit = last_random.length - 1;
    while (digit >= 0 && last_random[digit] === 31) last_random[digit--] = 0;
    if (digit >= 0) last_random[digit]!++;
  }
  let time = '';
  for (let rest = last_time, i = 0; i < 10; i++) {
    time = alphabet[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time + last_random.map((digit) => alphabet[digit]).join('');
}

// A cid is a ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32. Those made here sort in the order in
// which they were made, also within one millisecond, because the outbox is read back in key order.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

let last_time = 0;
let last_random: number[] = [];

function fresh_random(): number[] {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte & 31);
}

export function ulid(now: number = Date.now()): string {
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

// A text with half a character in it (a box cut it, a program pasted it) cannot be written as UTF-8: no replica can read a
// frame with it. Each such half becomes the sign for a missing character, before the text is kept or sent.
const half = /\p{Surrogate}/gu;

export const well_formed = (text: string) => text.replace(half, '\ufffd');

// The same for every text inside a value of JSON.
export function all_well_formed<T>(value: T): T {
  if (typeof value === 'string') return well_formed(value) as T;
  if (Array.isArray(value)) return value.map(all_well_formed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, all_well_formed(inner)])) as T;
}

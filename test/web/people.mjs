// Names that were not used before, and two people in one room.
import { join_room, make_room, open_page, register } from './browser.mjs';

let used = 0;
export const fresh = (name) => `${name}${Date.now().toString(36).slice(-5)}${++used}`;

export async function two_people({ chain, browser }, first, second, room) {
  const [a_name, b_name] = [fresh('ana'), fresh('bob')];
  const a = await open_page(browser, first.url);
  await register(a, a_name);
  await make_room(a, room);
  const b = await open_page(browser, second.url);
  await register(b, b_name);
  await join_room(b, room);
  return { a, b, a_name, b_name };
}

// Where the page is: kept in the address, so that back, reload and a link work. No address: the list on a phone, on wider
// screens the first conversation.
import { signal } from '@preact/signals';

export type Route = { page: 'home' } | { page: 'cluster' } | { page: 'rooms' } | { page: 'conv'; conv: string };

function parse(hash: string): Route {
  const name = hash.replace(/^#\/?/, '');
  if (name === 'cluster') return { page: 'cluster' };
  if (name === 'rooms') return { page: 'rooms' };
  if (/^c_[0-9]+$/.test(name)) return { page: 'conv', conv: name };
  return { page: 'home' };
}

export const route = signal<Route>(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

// At once: the event that tells of the new address comes a moment later.
export function go(hash: string): void {
  location.hash = hash;
  route.value = parse(location.hash);
}

// An address that only leads on: it does not stay in the history, so that Back leaves the page.
export function lead_on(hash: string): void {
  history.replaceState(history.state, '', `#${hash}`);
  route.value = parse(location.hash);
}

const narrow = matchMedia('(max-width: 45rem)');
export const is_phone = signal(narrow.matches);
narrow.addEventListener('change', () => {
  is_phone.value = narrow.matches;
});

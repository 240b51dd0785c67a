// The day it is, for words such as "Today": a page that stays open over midnight goes on with the calendar.
import { signal } from '@preact/signals';
import { day_key } from './parts';

const day = signal(day_key(Date.now()));
const longest_ms = 60 * 60 * 1000;

// Reading it while drawing means to be drawn again on the next day.
export function today(): number {
  void day.value;
  return Date.now();
}

// Watches until the returned function is called. A device that slept or was carried to another time zone is noticed when
// the page is looked at again.
export function watch_the_day(): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const look = () => {
    const now = Date.now();
    day.value = day_key(now);
    const midnight = new Date(now).setHours(24, 0, 0, 0);
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(midnight - now, longest_ms));
  };
  look();
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
  return () => {
    clearTimeout(timer);
    removeEventListener('focus', look);
    document.removeEventListener('visibilitychange', look);
  };
}

// The one App of the page, and the small state that only the page has.
import { signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { App } from '../state/app';
import { go } from './route';

export const AppContext = createContext<App | undefined>(undefined);

export function use_app(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('no App around this component');
  return app;
}

export type DialogName = 'new-room' | 'new-person' | 'preferences' | 'switcher' | 'delete' | 'left-over';

export type OpenDialog = { name: DialogName; mid?: string };

export const open_dialog = signal<OpenDialog | undefined>(undefined);
export const pane_open = signal(false);
// The message whose text is in the composer to be changed.
export const editing = signal<{ conv: string; mid: string; body: string; rev?: number } | undefined>(undefined);
// Text that goes back into the composer, for instance from a message that was refused.
export const returned_text = signal<string | undefined>(undefined);

export function focus_composer(): void {
  document.getElementById('composer-text')?.focus();
}

// The conversation whose box takes the focus as soon as it is on the page and no dialog lies over it: until then the
// browser would not give it the focus, and a dialog that closes gives it back to whatever opened the dialog.
export const writing_in = signal<string | undefined>(undefined);

// Goes to a conversation in order to write there.
export function write_in(conv: string): void {
  writing_in.value = conv;
  go(`/${conv}`);
}

// The one App of the page, and the small state that only the page has.
import { signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { App } from '../state/app';
import { kept_edits } from '../state/device';
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
// The message of the open conversation whose text is in the composer to be changed: what it said, and what was made of it.
export interface Editing {
  conv: string;
  mid: string;
  body: string;
  rev?: number;
  text?: string;
}

export const editing = signal<Editing | undefined>(undefined);

// Kept on the device as drafts are, for each message: neither a look into another room nor the change of another message
// ends one that was begun.
export function edit(what: Editing): void {
  const text = what.text ?? what.body;
  const { of } = kept_edits.get(what.conv);
  editing.value = { ...what, text };
  kept_edits.set(what.conv, { open: what.mid, of: { ...of, [what.mid]: { body: what.body, rev: what.rev, text } } });
}

export function begun_edit(conv: string, mid = kept_edits.get(conv).open): Editing | undefined {
  const known = mid === undefined ? undefined : kept_edits.get(conv).of[mid];
  return known && mid !== undefined ? { conv, mid, ...known } : undefined;
}

// Takes it out of the box. What was typed is kept for the next time that this message is changed, unless it is done with.
export function end_edit(conv: string, mid: string, done: boolean): void {
  const { open, of } = kept_edits.get(conv);
  const { [mid]: known, ...others } = of;
  const kept = done || !known || known.text === known.body ? others : of;
  kept_edits.set(conv, { open: open === mid ? undefined : open, of: kept });
  if (editing.value?.conv === conv && editing.value.mid === mid) editing.value = undefined;
}
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

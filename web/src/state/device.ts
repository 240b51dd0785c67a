// What this device keeps, all in one IndexedDB: the session, the known endpoints, drafts, and the outbox. (localStorage is
// written seconds later by some browsers, and a killed one would forget.) A browser that forbids storage gets the same
// interfaces in memory, and the page says so instead of failing.
import { signal } from '@preact/signals';
import { openDB, type IDBPDatabase } from 'idb';
import type { Change, ChangeStore } from '../protocol/outbox';
import type { Endpoint } from '../protocol/types.gen';

// Small values by name: read once when the page starts, written through.
const values = new Map<string, unknown>();
let database: IDBPDatabase | undefined;

function keep(key: string, value: unknown): void {
  if (value === undefined) values.delete(key);
  else values.set(key, value);
  const written = value === undefined ? database?.delete('values', key) : database?.put('values', value, key);
  written?.catch(() => {});
}

// What is begun in one page of the browser is begun in all of them: a draft that is sent in one is empty in the others.
interface Told {
  key: string;
  before: unknown;
  value: unknown;
}

let others: BroadcastChannel | undefined;
// The last thing that another page changed here.
export const heard = signal<Told | undefined>(undefined);

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function keep_for_all(key: string, value: unknown): void {
  const before = values.get(key);
  keep(key, value);
  others?.postMessage({ key, before, value } satisfies Told);
}

export function hear(told: Told): void {
  const own = values.get(told.key);
  if (own !== undefined && !same(own, told.before)) {
    // Something else was written here meanwhile: it stays here, and on the device.
    if (!same(own, told.value)) keep(told.key, own);
    return;
  }
  if (told.value === undefined) values.delete(told.key);
  else values.set(told.key, told.value);
  heard.value = told;
}

export interface Session {
  uid: string;
  name: string;
  token: string;
}

export const kept_session = {
  get: () => values.get('session') as Session | undefined,
  set: (session: Session | undefined) => keep('session', session),
};

export const kept_endpoints = {
  get: () => (values.get('endpoints') as Endpoint[] | undefined) ?? [],
  set: (endpoints: Endpoint[]) => keep('endpoints', endpoints),
};

// The base URLs of all machines that the chain ever told of, also of those that are not in it now.
export const kept_machines = {
  get: () => (values.get('machines') as string[] | undefined) ?? [],
  set: (urls: string[]) => keep('machines', urls),
};

// Which history the chain had when this device last saw it.
export const kept_lineage = {
  get: () => values.get('lineage') as string | undefined,
  set: (lineage: string) => keep('lineage', lineage),
};

export type Theme = 'light' | 'dark' | 'system';

export const kept_theme = {
  get: () => (values.get('theme') as Theme | undefined) ?? 'system',
  set: (theme: Theme) => keep('theme', theme === 'system' ? undefined : theme),
};

// Of each account its own: the next one at this browser does not see them.
const draft_key = (conv: string) => `draft ${kept_session.get()?.uid ?? ''} ${conv}`;

export const kept_drafts = {
  get: (conv: string) => (values.get(draft_key(conv)) as string | undefined) ?? '',
  set: (conv: string, text: string) => keep_for_all(draft_key(conv), text === '' ? undefined : text),
};

// Changes of messages that were begun in a conversation: the texts as far as they are, and which of them is in the box.
export interface BegunEdits {
  open?: string;
  of: Record<string, { body: string; rev?: number; text: string }>;
}

const edits_prefix = () => `edit ${kept_session.get()?.uid ?? ''} `;

export const kept_edits = {
  get: (conv: string) => (values.get(edits_prefix() + conv) as BegunEdits | undefined) ?? { of: {} },
  set: (conv: string, edits: BegunEdits) =>
    keep_for_all(edits_prefix() + conv, Object.keys(edits.of).length === 0 ? undefined : edits),
  // In another history the messages may be others: what was typed becomes the draft of its conversation.
  to_drafts: () => {
    const prefix = edits_prefix();
    for (const [key, value] of [...values])
      if (key.startsWith(prefix)) {
        const conv = key.slice(prefix.length);
        const typed = Object.values((value as BegunEdits).of).flatMap(({ body, text }) => (text === body ? [] : text));
        keep_for_all(key, undefined);
        if (typed.length > 0) kept_drafts.set(conv, [kept_drafts.get(conv), ...typed].filter(Boolean).join('\n'));
      }
  },
};

// A text that was begun and is kept: a draft, or the change of a message.
export interface Begun {
  conv: string;
  mid?: string;
  text: string;
}

export function begun_texts(): Begun[] {
  const drafts = draft_key('');
  const edits = edits_prefix();
  return [...values].flatMap(([key, value]): Begun[] => {
    if (key.startsWith(drafts)) return [{ conv: key.slice(drafts.length), text: value as string }];
    if (!key.startsWith(edits)) return [];
    const conv = key.slice(edits.length);
    const all = Object.entries((value as BegunEdits).of);
    return all.flatMap(([mid, { body, text }]) => (text === body ? [] : [{ conv, mid, text }]));
  });
}

export function drop_begun({ conv, mid }: Begun): void {
  if (mid === undefined) return kept_drafts.set(conv, '');
  const { open, of } = kept_edits.get(conv);
  const { [mid]: _, ...others } = of;
  kept_edits.set(conv, { open: open === mid ? undefined : open, of: others });
}

// Something was begun, and goes with this page: the browser keeps nothing for this site.
export function begun_only_here(): boolean {
  return database === undefined && [...values.keys()].some((key) => /^(draft|edit) /.test(key));
}

// Before anything else is read here.
export async function open_device(): Promise<ChangeStore> {
  try {
    database = await openDB('chaind', 1, {
      upgrade: (fresh) => {
        fresh.createObjectStore('outbox', { keyPath: 'cid' });
        fresh.createObjectStore('values');
      },
    });
    if (typeof BroadcastChannel !== 'undefined') {
      others = new BroadcastChannel('chaind');
      others.onmessage = (event: MessageEvent<Told>) => hear(event.data);
    }
    for (const key of await database.getAllKeys('values')) values.set(String(key), await database.get('values', key));
    return new DeviceStore(database);
  } catch {
    return new PageStore();
  }
}

class DeviceStore implements ChangeStore {
  readonly durable = true;
  constructor(private readonly db_: IDBPDatabase) {}

  // Key order is the order of the cids, which is the order in which they were written.
  load(): Promise<Change[]> {
    return this.db_.getAll('outbox');
  }

  // Strict: "saved on this device" is said only when it is on the disk.
  async put(change: Change): Promise<void> {
    const tx = this.db_.transaction('outbox', 'readwrite', { durability: 'strict' });
    await tx.store.put(change);
    await tx.done;
  }

  async remove(cid: string): Promise<void> {
    await this.db_.delete('outbox', cid);
  }
}

class PageStore implements ChangeStore {
  readonly durable = false;
  load(): Promise<Change[]> {
    return Promise.resolve([]);
  }
  put(): Promise<void> {
    return Promise.resolve();
  }
  remove(): Promise<void> {
    return Promise.resolve();
  }
}

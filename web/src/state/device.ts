// What this device keeps: the session and the known endpoints in localStorage, the outbox in IndexedDB. A browser that
// forbids storage gets the same interfaces in memory, and the page says so instead of failing.
import { openDB, type IDBPDatabase } from 'idb';
import type { Change, ChangeStore } from '../protocol/outbox';
import type { Endpoint } from '../protocol/types.gen';

const memory = new Map<string, string>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value === null) memory.delete(key);
    else memory.set(key, value);
  }
}

function read_json<T>(key: string): T | undefined {
  try {
    return JSON.parse(read(key) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export interface Session {
  uid: string;
  name: string;
  token: string;
}

export const kept_session = {
  get: () => read_json<Session>('chaind.session'),
  set: (session: Session | undefined) => write('chaind.session', session ? JSON.stringify(session) : null),
};

export const kept_endpoints = {
  get: () => read_json<Endpoint[]>('chaind.endpoints') ?? [],
  set: (endpoints: Endpoint[]) => write('chaind.endpoints', JSON.stringify(endpoints)),
};

export type Theme = 'light' | 'dark' | 'system';

export const kept_theme = {
  get: (): Theme => (read('chaind.theme') as Theme | null) ?? 'system',
  set: (theme: Theme) => write('chaind.theme', theme === 'system' ? null : theme),
};

export const kept_drafts = {
  get: (conv: string) => read(`chaind.draft.${conv}`) ?? '',
  set: (conv: string, text: string) => write(`chaind.draft.${conv}`, text === '' ? null : text),
};

export async function open_outbox_store(): Promise<ChangeStore> {
  try {
    const db = await openDB('chaind', 1, {
      upgrade: (fresh) => void fresh.createObjectStore('outbox', { keyPath: 'cid' }),
    });
    return new DeviceStore(db);
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

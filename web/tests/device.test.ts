// What the device keeps, in a database as browsers have it.
import { openDB } from 'idb';
import { expect, it, vi } from 'vitest';
import { begun_only_here, hear, kept_drafts, kept_session, open_device } from '../src/state/device';

it('keeps on the disk what was typed in this page when another one keeps something else', async () => {
  await open_device();
  expect(begun_only_here()).toBe(false);
  kept_session.set({ uid: 'u_1', name: 'ana', token: 't' });
  const disk = await openDB('chaind', 1);
  const on_disk = () => disk.get('values', 'draft u_1 c_1');
  kept_drafts.set('c_1', 'my own');
  await vi.waitFor(async () => expect(await on_disk()).toBe('my own'));
  // The other page writes, and tells.
  await disk.put('values', 'its own', 'draft u_1 c_1');
  hear({ key: 'draft u_1 c_1', before: 'what both had', value: 'its own' });
  expect(kept_drafts.get('c_1')).toBe('my own');
  await vi.waitFor(async () => expect(await on_disk()).toBe('my own'));
  // What it writes on from what stands here is taken.
  await disk.put('values', 'my own and more', 'draft u_1 c_1');
  hear({ key: 'draft u_1 c_1', before: 'my own', value: 'my own and more' });
  expect(kept_drafts.get('c_1')).toBe('my own and more');
  expect(await on_disk()).toBe('my own and more');
  disk.close();
});

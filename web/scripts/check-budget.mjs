// Fails when the first load outgrows its budget: 60 KB of script and 12 KB of CSS, both as gzip.
import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const budgets = { '.js': 60 * 1024, '.css': 12 * 1024 };
const sizes = { '.js': 0, '.css': 0 };
for (const name of await readdir(new URL('assets/', dist))) {
  const kind = Object.keys(budgets).find((ending) => name.endsWith(ending));
  if (kind) sizes[kind] += gzipSync(await readFile(new URL(`assets/${name}`, dist)), { level: 9 }).length;
}
const page = await readFile(new URL('index.html', dist), 'utf8');
if (/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i.test(page)) {
  console.error('index.html holds inline script or style, which the content security policy refuses');
  process.exitCode = 1;
}
for (const [kind, limit] of Object.entries(budgets)) {
  const over = sizes[kind] > limit || sizes[kind] === 0;
  console.log(
    `${kind} ${(sizes[kind] / 1024).toFixed(1)} KB of ${limit / 1024} KB gzip${over ? ': out of budget' : ''}`,
  );
  if (over) process.exitCode = 1;
}

// Runs the scenarios one after the other on one chain, prints a line for each, and ends what it started in any case.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { complaints, launch, open_pages } from './browser.mjs';
import { make_chain } from './chains.mjs';
import { scenarios } from './scenarios.mjs';
import { same } from './wait.mjs';

const args = process.argv.slice(2);
const at = args.indexOf('--only');
const only = at < 0 ? '' : args.splice(at, 2)[1];
const mock = args.includes('--mock');
const [given, ...more] = args.filter((one) => one !== '--mock');
if (more.length > 0 || given?.startsWith('--') || (mock && given)) {
  console.error('usage: test/web/run [QUICKSTART | --mock] [--only WORD]');
  process.exit(64);
}
const quickstart = given ?? fileURLToPath(new URL('../../tools/quickstart', import.meta.url));

let passed = 0;
let failed = 0;
const chain = make_chain(mock ? undefined : quickstart);
let browser;
let cleaned;
const clean_up = () =>
  (cleaned ??= (async () => {
    await browser?.close().catch(() => {});
    await chain.stop();
  })());
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    void clean_up().finally(() => process.exit(1));
  });

async function check(name, test) {
  const begun = Date.now();
  const afters = [];
  try {
    const note = await test((what) => afters.push(what));
    passed++;
    console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)${note ? `: ${note}` : ''}`);
  } catch (why) {
    failed++;
    console.log(`FAILED  ${name}\n${String(why.stack ?? why).replace(/^/gm, '        ')}`);
    const folder = mkdtempSync(join(tmpdir(), 'chaind-web-failed-'));
    for (const [at, page] of [...open_pages].entries())
      await page
        .screenshot({
          path: join(folder, `${at + 1}.png`),
          timeout: 3000,
        })
        .catch(() => {});
    console.log(`        screenshots in ${folder}`);
  }
  for (const after of afters.reverse()) await after();
}

try {
  await chain.start();
  browser = await launch();
  for (const { name, test } of scenarios) {
    if (!name.includes(only)) continue;
    await check(name, (after) => test({ chain, browser, after }));
    for (const context of browser.contexts()) await context.close();
    open_pages.clear();
    await chain.restore();
  }
  await check('no page complained: no script error, nothing refused by the content security policy', () =>
    same(complaints, [], 'complaints'),
  );
} catch (why) {
  failed++;
  console.log(`FAILED  the chain or the browser did not start\n${String(why.stack ?? why)}`);
} finally {
  await clean_up().catch((why) => {
    failed++;
    console.log(`FAILED  to end what was started: ${why}`);
  });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

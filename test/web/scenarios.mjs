// What must hold for people in front of browsers. Names are used once, so that scenarios don't meet.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  axe,
  box,
  join_room,
  make_room,
  open_page,
  open_room,
  password,
  pill,
  receipt,
  register,
  row,
  say,
  start_own_browser,
  texts,
  use_page,
  wide,
} from './browser.mjs';
import { accessible } from './looks.mjs';
import { fresh, two_people } from './people.mjs';
import { same, until } from './wait.mjs';

async function both_ways(world) {
  const [n1, n2] = world.chain.nodes;
  const room = fresh('talk');
  const { a, b, a_name, b_name } = await two_people(world, n1, n2, room);
  await say(a, 'hello from the first machine');
  await row(b, 'hello from the first machine').waitFor();
  await receipt(a, 'hello from the first machine', 'Read');
  await say(b, 'and from the second');
  await row(a, 'and from the second').waitFor();
  await receipt(b, 'and from the second', 'Read');

  await box(a).press('ArrowUp');
  await box(a).fill('hello, changed');
  await box(a).press('Enter');
  await row(b, 'hello, changed').getByText('(edited)').waitFor();
  await row(a, 'hello, changed').hover();
  await row(a, 'hello, changed').getByRole('button', { name: 'Delete' }).click();
  await a.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await row(b, 'Message deleted by its author').waitFor();

  // A direct message by name: stored, then delivered while the other one looks elsewhere, then read.
  await a.getByRole('button', { name: 'New direct message' }).click();
  await a.getByRole('dialog').getByLabel('Name').fill(b_name);
  await a.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await a.getByRole('heading', { level: 1, name: b_name }).waitFor();
  await say(a, 'between us');
  await receipt(a, 'between us', 'Delivered');
  const link = b.getByRole('navigation').getByRole('link', { name: a_name });
  await link.getByText('unread').waitFor({ state: 'attached' });
  await link.click();
  await row(b, 'between us').waitFor();
  await receipt(a, 'between us', 'Read');
}

async function head_killed({ chain, browser }) {
  const head = await chain.head();
  const other = chain.others(head)[0];
  const room = fresh('failover');
  const { a, b } = await two_people({ chain, browser }, head, other, room);
  const lines = Array.from({ length: 24 }, (_, i) => `line ${String(i + 1).padStart(2, '0')}`);
  const seen_pill = pill(a, 'Moved to')
    .waitFor({ timeout: 60_000 })
    .then(() => pill(a, 'Moved to').innerText());
  let killed;
  for (const [i, line] of lines.entries()) {
    await box(a).pressSequentially(line);
    await box(a).press('Enter');
    if (i === 7) killed = chain.kill(head.name);
  }
  await killed;
  const said = (await seen_pill).replace(/\s+/g, ' ').trim();
  if (!/^Moved to n\d in \d+(\.\d)? s, nothing lost$/.test(said)) throw new Error(`the pill says “${said}”`);
  const answer = row(b, 'line 24');
  await answer.waitFor();
  await say(b, 'all there');
  await row(a, 'all there').waitFor();
  same(await texts(b), [...lines, 'all there'], 'what the other one sees');
  same(await texts(a), [...lines, 'all there'], 'what the writer sees');
  await until('nothing waits any more', async () => (await a.locator('.sent.unsure').count()) === 0);
  await a.getByText('2 of 3 machines.').waitFor();
  await chain.start_node(head.name);
  await chain.whole();
  await b.getByText('Safe on 3 of 3').first().waitFor();
  return said;
}

async function browser_killed({ chain, browser, after }) {
  const [n1, n2] = chain.nodes;
  const profile = mkdtempSync(join(tmpdir(), 'chaind-web-profile-'));
  // Helpers of a killed browser may still write for a moment.
  after(() => rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const room = fresh('outbox');
  const name = fresh('eve');
  const doomed = await start_own_browser(profile, n1.url);
  after(doomed.kill);
  await register(doomed.page, name);
  await make_room(doomed.page, room);
  await say(doomed.page, 'before');
  await receipt(doomed.page, 'before', 'Stored');
  const b = await open_page(browser, n2.url);
  await register(b, fresh('dan'));
  await join_room(b, room);
  await doomed.context.setOffline(true);
  const queued = ['first in the queue', 'second in the queue', 'third in the queue'];
  for (const text of queued) await say(doomed.page, text);
  for (const text of queued) await receipt(doomed.page, text, /Saved on this device|Confirming/);
  await pill(doomed.page, 'Reconnecting').waitFor();
  same(await texts(b), ['before'], 'what had been sent before the browser was killed');
  await doomed.kill();

  const again = await start_own_browser(profile, n1.url);
  after(again.kill);
  const { page } = again;
  await open_room(page, room);
  await row(b, queued[2]).waitFor();
  await say(page, 'after');
  await row(b, 'after').waitFor();
  await receipt(page, 'after', /Stored|Delivered|Read/);
  same(await texts(b), ['before', ...queued, 'after'], 'what the other one sees');
  same(await texts(page), ['before', ...queued, 'after'], 'what the writer sees');
}

async function half_open({ chain, browser }) {
  const [n1, n2, n3] = chain.nodes;
  const { a, b } = await two_people({ chain, browser }, n3, n1, fresh('halfopen'));
  await say(a, 'while all is well');
  await row(b, 'while all is well').waitFor();
  await chain.pause(n3.name);
  const begun = Date.now();
  const seen = pill(a, /Reconnecting|Moved to/).waitFor();
  await say(a, 'into a socket that nobody reads');
  await row(b, 'into a socket that nobody reads').waitFor();
  const took = Date.now() - begun;
  await seen;
  await receipt(a, 'into a socket that nobody reads', /Stored|Delivered|Read/);
  same(await texts(b), ['while all is well', 'into a socket that nobody reads'], 'what the other one sees');
  if (took > 4000) throw new Error(`it took ${took} ms`);
  chain.resume(n3.name);
  await chain.whole();
  same(await texts(b), ['while all is well', 'into a socket that nobody reads'], 'after the machine woke up');
  return `there after ${took} ms, ${n2.name} and ${n1.name} went on`;
}

// Whoever writes asks for an answer; whoever only reads is told by the page's own looks.
async function hangs_unasked({ chain, browser }) {
  const [n1, , n3] = chain.nodes;
  const { a, b } = await two_people({ chain, browser }, n3, n1, fresh('unasked'));
  await chain.pause(n3.name);
  const begun = Date.now();
  await pill(a, /Reconnecting|Moved to/).waitFor();
  const took = Date.now() - begun;
  await say(b, 'somewhere else');
  await row(a, 'somewhere else').waitFor();
  chain.resume(n3.name);
  await chain.whole();
  if (took > 8000) throw new Error(`it took ${took} ms`);
  return `told after ${took} ms`;
}

// The page's own machine is of the last chain, and the one that comes back is not.
async function dies_one_by_one({ chain, browser }) {
  const [n1, n2, n3] = chain.nodes;
  const a = await open_page(browser, n2.url);
  await register(a, fresh('ida'));
  await make_room(a, fresh('dying'));
  await a.getByRole('link', { name: 'Safe on 3 of 3' }).click();
  await a.getByRole('heading', { name: 'Safe on 3 of 3' }).waitFor();
  await chain.kill(n1.name);
  await chain.in_chain(2);
  await a.getByRole('heading', { name: 'Safe on 2 of 3' }).waitFor();
  await Promise.all([chain.kill(n2.name), chain.kill(n3.name)]);
  await a.getByRole('heading', { name: 'As it was at' }).waitFor();
  same(await a.getByText('Safe on').count(), 0, 'what is called safe');
  for (const found of await axe(a)) throw new Error(found);
  await chain.start_node(n1.name);
  await a.getByRole('heading', { name: 'Not serving' }).waitFor();
  for (const node of [n2, n3]) await chain.start_node(node.name);
  await chain.whole();
  await a.getByRole('heading', { name: 'Safe on 3 of 3' }).waitFor();
}

async function sign_in_elsewhere({ chain, browser }) {
  const [, , n3] = chain.nodes;
  const name = fresh('gil');
  const a = await open_page(browser, n3.url);
  await a.getByText('Safe on 3 of 3').waitFor();
  await chain.kill(n3.name);
  await register(a, name);
  await a.getByText('Safe on 2 of 3').first().waitFor();
  await chain.start_node(n3.name);
  await chain.whole();
}

async function two_away({ chain, browser }) {
  const a = await open_page(browser, chain.nodes[0].url);
  await register(a, fresh('pia'));
  await make_room(a, fresh('last'));
  // All that the page says of the chain, also for a moment.
  await a.evaluate(() => {
    const said = (window.said = new Set());
    const look = () => document.querySelectorAll('.health, .band').forEach((one) => said.add(one.textContent.trim()));
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  for (const left of chain.nodes) {
    const away = chain.others(left).map((node) => node.name);
    for (const name of away) {
      await chain.kill(name);
      await chain.in_chain(name === away[0] ? 2 : 1);
    }
    await say(a, `on ${left.name} alone`);
    await receipt(a, `on ${left.name} alone`, 'Stored on 1 of 1');
    await a.getByText(`On the last machine. ${away[0]} and ${away[1]} are away.`).waitFor();
    for (const name of away) await chain.start_node(name);
    await chain.whole();
    await a.getByText('On the last machine.').waitFor({ state: 'detached' });
  }
  const said = await a.evaluate(() => [...window.said]);
  same(said.filter((words) => /\b0 of|no others|not in an active chain|min-replicas/.test(words)), [], 'what is never so');
}

// Nobody takes a machine out of the chain without the config service: with one machine away, two answer and none serves.
async function not_serving({ chain, browser }) {
  const [n1, , n3] = chain.nodes;
  const a = await open_page(browser, n1.url);
  await register(a, fresh('zoe'));
  await make_room(a, fresh('waits'));
  await chain.kill('configd');
  await chain.kill(n3.name);
  await say(a, 'while nothing serves');
  await pill(a, 'Not serving').getByText('machines answer, but the chain takes no messages now').waitFor();
  await pill(a, '1 message waits on this device').waitFor();
  await receipt(a, 'while nothing serves', /Saved on this device|Confirming/);
  for (const found of await axe(a)) throw new Error(found);
  await a.getByRole('link', { name: 'Not connected' }).click();
  await a.getByText(`The chain takes no messages now. It waits for ${n3.name}, or for the config service`).waitFor();
  same(await a.getByRole('article', { name: n3.name }).getByText('Away').count(), 1, `marks of ${n3.name}`);
  same(await a.getByText('the chain goes on without it').count(), 0, 'words that it goes on');
  await a.goBack();
  await row(a, 'while nothing serves').waitFor();
  await chain.start_node('configd');
  await receipt(a, 'while nothing serves', 'Stored');
  await pill(a, 'Not serving').waitFor({ state: 'detached' });
  same(await texts(a), ['while nothing serves'], 'the log at the end');
  await chain.start_node(n3.name);
  await chain.whole();
}

// What is said of the chain by each machine, by chainctl, on the sign-in page and on the cluster page, as the config
// service is killed, then the head, and as both come back. Two seconds are wanted; a slow machine may take one more.
const said_within_ms = 3000;

async function every_surface({ chain, browser }) {
  const head = await chain.head();
  const left = chain.others(head);
  const page = await open_page(browser, left[0].url);
  await register(page, fresh('ida'));
  await page.getByRole('link', { name: 'Safe on 3 of 3' }).click();
  const stranger = await open_page(browser, left[1].url);
  await stranger.getByText('Safe on 3 of 3').waitFor();

  const took = [];
  const is_said = async (what, state, exit, headline, { words, more }) => {
    const begun = Date.now();
    const left_ms = () => Math.max(1, said_within_ms - (Date.now() - begun));
    const of_machine = async (node) => (await (await fetch(`${node.url}/api/v1/status`)).json()).state === state;
    const of_chainctl = async () => {
      const { code, out } = await chain.ctl_ended('status', '--check');
      return code === exit && headline.test(out.split('\n')[0]);
    };
    await Promise.all([
      ...left.map((node) => until(`${node.name} says ${state} (${what})`, () => of_machine(node), said_within_ms)),
      ...(chain.ctl_ended ? [until(`chainctl says ${state} (${what})`, of_chainctl, said_within_ms)] : []),
      page.getByRole('heading', { name: words }).waitFor({ timeout: left_ms() }),
      page.getByText(more).first().waitFor({ timeout: left_ms() }),
      stranger.getByText(words).first().waitFor({ timeout: left_ms() }),
    ]);
    took.push(`${what} ${Date.now() - begun} ms`);
  };

  await chain.kill('configd');
  await is_said('config service away', 'degraded', 1, /the config service is down/, {
    words: 'Safe on 3 of 3',
    more: 'The config service is down',
  });
  await chain.kill(head.name);
  await is_said('head away', 'down', 2, /is down: nothing is served/, {
    words: 'Not serving',
    more: `It waits for ${head.name}, or for the config service`,
  });
  await chain.start_node('configd');
  await is_said('config service back', 'degraded', 1, /2 of 3 machines/, { words: 'Safe on 2 of 3', more: 'One machine may fail' });
  await chain.start_node(head.name);
  await chain.whole();
  await is_said('all back', 'healthy', 0, /is healthy/, { words: 'Safe on 3 of 3', more: 'may fail and nothing is lost' });
  return took.join(', ');
}

async function hostile_text({ chain, browser }) {
  const [n1, n2] = chain.nodes;
  const { a, b, a_name } = await two_people({ chain, browser }, n2, n1, fresh('hostile'));
  await box(a).pressSequentially('<b');
  await b.getByText(`${a_name} is typing`).waitFor();
  await box(a).fill('');
  await b.getByText(`${a_name} is typing`).waitFor({ state: 'detached' });
  const lines = [
    '<img src=x onerror="document.title=1">',
    '<script>document.title = 1</script>',
    '[x](javascript:document.title=1)',
    '\u202Eright to left\u202C',
    `'; DROP TABLE messages; --`,
  ];
  for (const line of lines) await say(a, line);
  await row(b, 'DROP TABLE').waitFor();
  same(await b.locator('.log .body :is(img, script, a)').count(), 0, 'elements made from text');
  same(await texts(b), lines, 'texts');
}

// Texts that other chats' pages ended or stood still at. Each is one message that everybody in the room draws.
async function hard_to_draw({ chain, browser }) {
  const [n1] = chain.nodes;
  const { a, b } = await two_people({ chain, browser }, n1, n1, fresh('hard'));
  const texts_of_old = [
    '>'.repeat(16_000),
    '1. '.repeat(5400),
    '>- '.repeat(5400),
    '*a_'.repeat(5461),
    '['.repeat(16_384),
  ];
  const more = [
    `${'a'.repeat(16_383)}@`,
    '- '.repeat(8000),
    '`a'.repeat(8000),
    `a${'\u0301'.repeat(8000)}`,
    'a\u0627'.repeat(5000),
    '\u202ea'.repeat(4000),
    '👨\u200d'.repeat(2300),
    '**a '.repeat(4000),
    'a\n'.repeat(8000),
  ];
  await b.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: 'longtask' });
  });
  // Typing thousands of lines takes Chromium long; what is looked at here is how they are drawn.
  const put = (element, text) => {
    element.value = text;
    element.dispatchEvent(new Event('input', { bubbles: true }));
  };
  for (const text of [...texts_of_old, ...more]) {
    await box(a).evaluate(put, text);
    await box(a).press('Enter');
  }
  await say(a, 'and all is well');
  await row(b, 'and all is well').waitFor();
  same(await b.locator('article').count(), texts_of_old.length + more.length + 1, 'messages');
  const longest = await b.evaluate(() => window.longest);
  await b.reload();
  await row(b, 'and all is well').waitFor();
  await say(b, 'so it is');
  await row(a, 'so it is').waitFor();
  // With marked, one of these texts took 14 s.
  if (longest > 4000) throw new Error(`the page stood still for ${longest} ms`);
  return `the page stood still for ${Math.round(longest)} ms at most`;
}

async function too_large({ chain, browser }) {
  const a = await open_page(browser, chain.nodes[0].url);
  await register(a, fresh('kim'));
  await make_room(a, fresh('large'));
  await say(a, 'x'.repeat(18 * 1024));
  await a.getByText('Not sent. The text is 18 KB, the limit is 16 KB.').waitFor();
  await say(a, 'the next one passes');
  await receipt(a, 'the next one passes', 'Stored on 3 of 3');
  await a.getByRole('button', { name: 'Edit' }).click();
  same((await box(a).inputValue()).length, 18 * 1024, 'the text in the box again');
  await box(a).fill('shorter');
  await box(a).press('Enter');
  await receipt(a, 'shorter', 'Stored on 3 of 3');
}

// In two tabs of one browser, over a reload, and after a look into another room.
async function typed_is_kept({ chain, browser }) {
  const url = chain.nodes[0].url;
  const a = await open_page(browser, url);
  await register(a, fresh('ida'));
  const [one, two] = [fresh('kept-a'), fresh('kept-b')];
  await make_room(a, two);
  await make_room(a, one);
  const holds = (page, text) => until(`the box holds “${text}”`, async () => (await box(page).inputValue()) === text);
  await say(a, 'first version');
  await receipt(a, 'first version', 'Stored on 3 of 3');
  await box(a).press('ArrowUp');
  await box(a).fill('second version');
  await open_room(a, two);
  await holds(a, '');
  await box(a).fill('a draft');
  await open_room(a, one);
  await holds(a, 'second version');
  await a.reload();
  await holds(a, 'second version');
  await a.getByText('Changing your message').waitFor();
  await box(a).press('Enter');
  await row(a, 'second version').getByText('(edited)').waitFor();
  const b = await use_page(await a.context().newPage(), `${url}/#/rooms`);
  await open_room(b, two);
  await holds(b, 'a draft');
  await open_room(a, two);
  await box(a).fill('a draft, sent');
  await holds(b, 'a draft, sent');
  await box(a).press('Enter');
  await row(b, 'a draft, sent').waitFor();
  await holds(b, '');
  // Back from the first room, which opened by itself, is where the person came from.
  await b.goto('about:blank');
  await b.goto(url);
  await box(b).waitFor();
  await b.goBack({ waitUntil: 'commit' });
  await until('the page before is there', () => b.url() === 'about:blank');
}

// Half a character, and a frame that the machine ends the connection for.
async function cannot_be_sent({ chain, browser }) {
  const page = await (await browser.newContext({ viewport: wide })).newPage();
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      if (text.includes('too much')) void socket.close({ code: 1009, reason: 'message too big' });
      else server.send(text);
    });
  });
  await use_page(page, chain.nodes[0].url);
  await register(page, fresh('max'));
  await make_room(page, fresh('poison'));
  await box(page).evaluate((element) => {
    element.value = 'half \ud83d';
    element.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await box(page).press('Enter');
  await receipt(page, 'half \ufffd', 'Stored on 3 of 3');
  await say(page, 'too much');
  await say(page, 'the next one passes');
  await receipt(page, 'the next one passes', 'Stored on 3 of 3');
  await page.getByText('Not sent. It is too large to be sent at once.').waitFor();
  await page.reload();
  await page.getByText('Not sent. It is too large to be sent at once.').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await row(page, 'too much').waitFor({ state: 'detached' });
}

// The answer to a new room is held back until everything else about the room is on the page.
async function overtaken_answer({ chain, browser }) {
  const page = await (await browser.newContext({ viewport: wide })).newPage();
  let asked;
  const hold = {};
  hold.over = new Promise((resolve) => (hold.end = resolve));
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const frame = JSON.parse(text);
      if (frame.op === 'conv.create') asked = frame.id;
      server.send(text);
    });
    server.onMessage(async (text) => {
      if (asked !== undefined && JSON.parse(text).re === asked) await hold.over;
      socket.send(text);
    });
  });
  await use_page(page, chain.nodes[0].url);
  await register(page, fresh('lea'));
  await page.getByRole('button', { name: 'New room', exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  const room = fresh('news');
  await dialog.getByLabel('Name').fill(room);
  await dialog.getByRole('button', { name: 'Make room' }).click();
  await page.locator('.rail').getByText(room).waitFor();
  await dialog.waitFor();
  hold.end();
  await page.getByRole('heading', { level: 1, name: room }).waitFor();
  await dialog.waitFor({ state: 'detached' });
  await until('the focus is in the box', () => box(page).evaluate((one) => one === document.activeElement));
  await page.keyboard.type('typed at once');
  await page.keyboard.press('Enter');
  await receipt(page, 'typed at once', 'Stored on 3 of 3');
}

// The page goes by itself, long before the machine would send it away.
async function drained({ chain, browser, after }) {
  const [n1, n2] = chain.nodes;
  const { a, b } = await two_people({ chain, browser }, n1, n2, fresh('drain'));
  await say(a, 'before the drain');
  await row(b, 'before the drain').waitFor();
  await until('one person is at the machine', async () => (await chain.clients(n1.name)) === 1, 5000);
  const seen_pill = pill(a, 'Moved to').waitFor();
  await chain.drain(n1.name);
  after(() => chain.undrain(n1.name));
  await say(a, 'while it drains');
  await seen_pill;
  await until('nobody is at the drained machine', async () => (await chain.clients(n1.name)) === 0, 5000);
  await say(a, 'after the drain');
  await row(b, 'after the drain').waitFor();
  const all = ['before the drain', 'while it drains', 'after the drain'];
  same(await texts(b), all, 'what the other one sees');
  same(await texts(a), all, 'what the writer sees');
  await receipt(a, 'after the drain', /Delivered|Read/);
}

async function restored({ chain, browser }) {
  const a = await open_page(browser, chain.nodes[0].url);
  const band = a.getByText('The chain goes on with another history.');
  const room = fresh('history');
  await register(a, fresh('noa'));
  await make_room(a, room);
  await say(a, 'before the backup');
  await receipt(a, 'before the backup', 'Stored');
  const backup = await chain.backup();
  const lost = fresh('lost');
  await say(a, 'after the backup');
  await receipt(a, 'after the backup', 'Stored');
  await make_room(a, lost);
  same(await band.count(), 0, 'bands before the restore');
  await a.context().setOffline(true);
  await say(a, 'written meanwhile');
  await receipt(a, 'written meanwhile', /Saved on this device|Confirming/);
  await chain.restore_backup(backup);
  await a.context().setOffline(false);
  await band.waitFor();
  await a.getByRole('navigation').getByRole('link', { name: lost }).waitFor({ state: 'detached' });
  await open_room(a, room);
  await row(a, 'before the backup').waitFor();
  same(await texts(a), ['before the backup'], 'the log after the restore');
  await a.reload();
  await row(a, 'before the backup').waitFor();
  await a.getByText('One thing you wrote in the old one was not sent.').waitFor();
  await a.getByRole('button', { name: 'Look at it' }).click();
  const dialog = a.getByRole('dialog', { name: 'Not sent' });
  await dialog.getByText(`A message for #${lost}`).waitFor();
  for (const found of await axe(a)) throw new Error(found);
  await dialog.getByRole('button', { name: `Put into the box of #${room}` }).click();
  await until('the text is in the box', async () => (await box(a).inputValue()) === 'written meanwhile');
  await band.waitFor({ state: 'detached' });
  await until('the focus is in the box', () => box(a).evaluate((one) => one === document.activeElement));
  await box(a).press('Enter');
  await receipt(a, 'written meanwhile', 'Stored on 3 of 3');
  same(await texts(a), ['before the backup', 'written meanwhile'], 'the log at the end');
}

// Whoever made a room removes it by the API, while somebody else writes in it, and has a draft in it on another page.
async function room_removed({ chain, browser }) {
  const [n1, n2] = chain.nodes;
  const room = fresh('short');
  const { a, b, a_name } = await two_people({ chain, browser }, n1, n2, room);
  const conv = /c_\d+/.exec(a.url())[0];
  const elsewhere = fresh('long');
  await make_room(b, elsewhere);
  await open_room(b, room);
  await say(b, 'before it is removed');
  await receipt(b, 'before it is removed', 'Read');
  await box(b).pressSequentially('half a sent');
  const call = (method, path, more) =>
    fetch(`${n1.url}/api/v1/${path}`, { method, ...more, headers: { 'Content-Type': 'application/json', ...more.headers } });
  const login = await call('POST', 'session', { body: JSON.stringify({ name: a_name, password }) });
  const { token } = await login.json();
  const removed = await call('DELETE', `conversations/${conv}`, { headers: { Authorization: `Bearer ${token}` } });
  same(removed.status, 200, 'the answer to the removal');
  for (const page of [a, b]) {
    await page.getByRole('heading', { level: 2, name: `#${room} is not there any more` }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: room }).waitFor({ state: 'detached' });
  }
  await b.getByText('What you had begun to write is kept.').waitFor();
  for (const found of await axe(b)) throw new Error(found);
  // Also for the next page.
  await b.reload();
  await open_room(b, elsewhere);
  await b.getByRole('button', { name: 'Look at it' }).click();
  await b.getByRole('button', { name: `Put into the box of #${elsewhere}` }).click();
  await until('the text is in the box', async () => (await box(b).inputValue()) === 'half a sent');
  await box(b).press('Enter');
  await receipt(b, 'half a sent', 'Stored on 3 of 3');
  same(await b.getByText('was not sent').count(), 0, 'bands about it');
  // The name is free.
  await make_room(a, room);
}

async function paging({ chain, browser }) {
  const [n1, n2] = chain.nodes;
  const room = fresh('long');
  const { a, b } = await two_people({ chain, browser }, n1, n2, room);
  const count = 100;
  for (let i = 1; i <= count; i++) await say(a, `entry ${i}`);
  await row(b, `entry ${count}`).waitFor({ timeout: 60_000 });
  await b.reload();
  await row(b, `entry ${count}`).waitFor();
  const log = b.getByRole('log');
  const first = () => b.locator('article').first().getAttribute('data-seq');
  await until('the first message is on the page', async () => {
    await log.evaluate((element) => (element.scrollTop = 0));
    return (await first()) === '1';
  });
  const seqs = await b.locator('article').evaluateAll((rows) => rows.map((one) => Number(one.dataset.seq)));
  same(
    seqs,
    Array.from({ length: seqs.length }, (_, i) => i + 1),
    'dense seq on the page',
  );
}

async function keyboard_only({ chain, browser }) {
  const page = await open_page(browser, chain.nodes[0].url);
  const focus = (what) =>
    until(`the focus is on ${what}`, () => page.evaluate((wanted) => document.activeElement?.matches(wanted), what));
  const press = (...keys) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  await focus('#name');
  await press('Tab', 'Tab', 'Tab', 'Enter');
  const name = fresh('key');
  await page.keyboard.type(name);
  await press('Tab');
  await page.keyboard.type('three machines, one truth');
  await press('Enter');
  await page.getByRole('navigation').waitFor();
  const rooms = [fresh('keys-a'), fresh('keys-b')];
  for (const room of rooms) await make_room(page, room);
  await page.goto(`${chain.nodes[0].url}/#/cluster`);
  await press('Control+k');
  await focus('#switch-to');
  await page.keyboard.type(rooms[0]);
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: rooms[0] }).waitFor();
  await focus('#composer-text');
  await page.getByRole('button', { name: 'Preferences' }).press('Enter');
  await page.getByRole('dialog', { name: 'Preferences' }).waitFor();
  // The next key before the browser has told of the closed dialog.
  await page.evaluate(() => {
    document.querySelector('dialog').close();
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
  });
  await focus('#switch-to');
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await box(page).focus();
  await press('Alt+ArrowDown');
  await page.getByRole('heading', { level: 1, name: rooms[1] }).waitFor();
  await box(page).focus();
  await page.keyboard.type('one');
  await press('Enter');
  await receipt(page, 'one', 'Stored');
  await press('ArrowUp', 'End');
  await page.keyboard.type(' and a half');
  await press('Enter');
  await row(page, 'one and a half').getByText('(edited)').waitFor();
  await press('F6');
  await focus('.log');
  await press('ArrowUp');
  await focus('article.msg');
  await press('e');
  await focus('#composer-text');
  same(await box(page).inputValue(), 'one and a half', 'what E puts into the box');
  await press('Escape', 'F6', 'ArrowUp', 'Delete');
  await page.getByRole('dialog').waitFor();
  await press('Escape', 'Escape');
  await focus('#composer-text');
  await press('F6', 'F6');
  await focus('.rail a.rm[aria-current="page"]');
  await press('ArrowUp', 'Enter');
  await page.getByRole('heading', { level: 1, name: rooms[0] }).waitFor();
}

async function no_storage({ chain, browser }) {
  const context = await browser.newContext({ viewport: wide });
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'indexedDB'])
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException('storage is off', 'SecurityError');
        },
      });
  });
  const a = await context.newPage();
  await a.goto(chain.nodes[0].url);
  await register(a, fresh('uma'));
  await make_room(a, fresh('bare'));
  await say(a, 'without any storage');
  await receipt(a, 'without any storage', 'Stored on 3 of 3');
  await a.getByRole('button', { name: 'Preferences' }).click();
  await a.getByText('keeps nothing for this site').waitFor();
}

// The clock of the device stands still, days away from the server's.
async function wrong_clock({ chain, browser }) {
  const name = fresh('clk');
  const first = await open_page(browser, chain.nodes[0].url);
  await register(first, name);
  const room = fresh('time');
  await make_room(first, room);
  for (const days of [3, -40]) {
    await first.clock.setFixedTime(Date.now() + days * 86_400_000);
    await say(first, `written ${days} days off`);
    await receipt(first, `written ${days} days off`, 'Stored');
    await make_room(first, fresh('time'));
    await open_room(first, room);
    await say(first, `and ${days} again`);
    await receipt(first, `and ${days} again`, 'Stored');
  }
}

export const scenarios = [
  {
    name: 'two pages at different machines: messages both ways, changed, deleted, delivered, read',
    test: both_ways,
  },
  {
    name: 'head killed while typing: banner, resume, nothing missing, nothing twice',
    test: head_killed,
  },
  {
    name: 'browser killed with three queued messages: each is sent once, in order',
    test: browser_killed,
  },
  {
    name: 'a machine that stops answering: the message goes through another one, once',
    test: half_open,
  },
  {
    name: 'a machine that hangs: whoever only reads there is told soon, and reads on elsewhere',
    test: hangs_unasked,
  },
  {
    name: 'sign-in goes to another machine when the own one is gone',
    test: sign_in_elsewhere,
  },
  {
    name: 'two of three machines are away, whichever: the page names both, the last one serves',
    test: two_away,
  },
  {
    name: 'a chain that dies machine by machine: what nobody confirms is not called safe, whoever is back is asked',
    test: dies_one_by_one,
  },
  {
    name: 'machines answer and the chain does not serve: the page says so, what was written is sent later',
    test: not_serving,
  },
  {
    name: 'config service killed, then the head, then back: each surface says at once what is served',
    test: every_surface,
  },
  {
    name: 'typing is shown, also at another machine; hostile text is shown as text',
    test: hostile_text,
  },
  {
    name: 'texts that are hard to draw take nothing from the room',
    test: hard_to_draw,
  },
  {
    name: 'a refused text says why and comes back into the box',
    test: too_large,
  },
  {
    name: 'what was typed is kept: over a look elsewhere, a reload, and in both tabs; and Back leaves',
    test: typed_is_kept,
  },
  {
    name: 'what cannot be sent ends, and what follows is sent',
    test: cannot_be_sent,
  },
  {
    name: 'a new room whose news overtakes its answer: the dialog stays until then, the focus goes to the box',
    test: overtaken_answer,
  },
  {
    name: 'a machine that drains: the page moves by itself, nothing missing, nothing twice',
    test: drained,
  },
  {
    name: 'a restored backup: the page says so, forgets the rest, and keeps what was not sent for a decision',
    test: restored,
  },
  {
    name: 'the clock of the device is days wrong: messages are stored, rooms are made',
    test: wrong_clock,
  },
  {
    name: 'a room that is removed while somebody writes in it: said, gone from the list, and the text is kept',
    test: room_removed,
  },
  { name: 'paging through history: dense, no hole', test: paging },
  { name: 'everything by keyboard', test: keyboard_only },
  {
    name: 'storage switched off: works, and says what that means',
    test: no_storage,
  },
  {
    name: 'axe finds nothing on any screen, light and dark, 1280 and 390',
    test: accessible,
  },
];

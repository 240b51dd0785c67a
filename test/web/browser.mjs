// Chromium, and the page as a person uses it: by names of buttons and fields, not by classes, where there are names.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { until } from './wait.mjs';

const from_web = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = from_web('playwright-core');
const axe_source = readFileSync(from_web.resolve('axe-core/axe.min.js'), 'utf8');

const executable = process.env.CHROMIUM ?? '/usr/bin/chromium';
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// What the pages complained about; connections that are refused while a machine is down are no complaint.
export const complaints = [];
const expected =
  /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_INTERNET_DISCONNECTED|ERR_EMPTY_RESPONSE|ERR_NETWORK_IO_SUSPENDED|WebSocket is closed before|status of (401|409|503|504)/;

// For pictures of a failure.
export const open_pages = new Set();

export function launch() {
  return chromium.launch({ executablePath: executable, args: flags });
}

export const wide = { width: 1280, height: 800 };
export const narrow = { width: 390, height: 844 };

export async function open_page(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: wide, ...options });
  return use_page(await context.newPage(), url);
}

export async function use_page(page, url) {
  page.setDefaultTimeout(patience_ms);
  open_pages.add(page);
  page.once('close', () => open_pages.delete(page));
  page.on('console', (line) => {
    if (line.type() === 'error' && !expected.test(line.text())) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  await page.goto(url);
  return page;
}

// A browser whose process is ours to kill: started by hand, driven through its debugging port.
export async function start_own_browser(profile, url) {
  const child = spawn(
    executable,
    [...flags, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const endpoint = await until('Chromium names its debugging port', () => /ws:\/\/\S+/.exec(said)?.[0]);
  const browser = await chromium.connectOverCDP(endpoint);
  const context = browser.contexts()[0];
  const page = await use_page(await context.newPage(), url);
  return {
    page,
    context,
    // As kill -9: nothing is flushed, nothing is said.
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

// Much for a quiet machine; a busy one runs other tests beside these.
const patience_ms = 40_000;

export const password = 'three machines, one truth';

export async function register(page, name) {
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Make account' }).click();
  await page.getByRole('navigation').waitFor();
  await page
    .getByText(/Safe on|last machine/)
    .first()
    .waitFor();
}

export async function make_room(page, name, topic = '') {
  await page.getByRole('button', { name: 'New room', exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('What it is for').fill(topic);
  await dialog.getByRole('button', { name: 'Make room' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await box(page).waitFor();
}

export async function join_room(page, name) {
  await page.goto(new URL('/#/rooms', page.url()).href);
  await page.getByRole('button', { name: `Join ${name}` }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await box(page).waitFor();
}

// By the list. The room that was there before takes what is typed until then.
export async function open_room(page, name) {
  await page.getByRole('navigation').getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await box(page).waitFor();
}

export const box = (page) => page.locator('#composer-text');

export async function say(page, text) {
  await box(page).fill(text);
  await box(page).press('Enter');
}

export const row = (page, text) => page.getByRole('log').locator('article').filter({ hasText: text });

// The texts in the log, in order.
export const texts = (page) => page.getByRole('log').locator('article .body').allInnerTexts();

export async function receipt(page, text, words) {
  await row(page, text).locator('.sent').filter({ hasText: words }).waitFor();
}

export const pill = (page, text) => page.locator('.conn').filter({ hasText: text });

export async function axe(page) {
  await page.evaluate(axe_source);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      resultTypes: ['violations'],
      rules: { 'target-size': { enabled: true } },
    }),
  );
  return found.violations.map(
    (one) =>
      `${one.id}: ${one.nodes
        .map((node) => node.target.join(' '))
        .slice(0, 4)
        .join(', ')} (${one.help})`,
  );
}

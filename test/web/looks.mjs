// Every screen, light and dark, wide and narrow: axe finds nothing, and nothing is wider than the screen.
import { axe, join_room, make_room, narrow, open_page, pill, receipt, register, row, say, wide } from './browser.mjs';
import { fresh } from './people.mjs';

async function each_look(page, screen, problems, counted) {
  for (const viewport of [wide, narrow]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const look = `${screen} ${colorScheme} ${viewport.width}`;
      for (const found of await axe(page)) problems.push(`${look}: ${found}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) problems.push(`${look}: ${wider} px wider than the screen`);
      counted.looks++;
    }
  }
  await page.setViewportSize(wide);
}

export async function accessible({ chain, browser }) {
  const [n1, n2] = chain.nodes;
  const problems = [];
  const counted = { looks: 0 };
  const look = (page, screen) => each_look(page, screen, problems, counted);
  const a = await open_page(browser, n1.url);
  await a.getByText('Safe on 3 of 3').waitFor();
  await look(a, 'sign in');
  await a.getByLabel('Name').fill('nobody');
  await a.getByLabel('Password').fill('wrong wrong');
  await a.getByRole('button', { name: 'Sign in', exact: true }).click();
  await a.getByText('Name or password is not right.').waitFor();
  await look(a, 'wrong sign in');
  await register(a, fresh('ivy'));
  await a.locator('main h1').waitFor();
  await look(a, 'first page');
  await a.getByRole('button', { name: 'New room', exact: true }).first().click();
  await look(a, 'new room');
  await a.keyboard.press('Escape');
  const room = fresh('axe');
  await make_room(a, room, 'What axe looks at');
  await look(a, 'empty room');
  const b = await open_page(browser, n2.url);
  const b_name = fresh('ned');
  await register(b, b_name);
  await b.goto(`${n2.url}/#/rooms`);
  await b.getByRole('button', { name: `Join ${room}` }).waitFor();
  await look(b, 'rooms');
  await join_room(b, room);
  await say(
    a,
    'Text with `code`, **weight** and https://example.org/\n\n```\nlong code in a block of its own\n```\n\n- one\n- two\n\n> quoted',
  );
  await row(b, 'quoted').waitFor();
  await say(b, 'An answer');
  await row(a, 'An answer').waitFor();
  await receipt(a, 'quoted', 'Read');
  await say(a, 'x'.repeat(17 * 1024));
  await a.getByText('Not sent.').waitFor();
  await say(a, 'Short again');
  await receipt(a, 'Short again', /Read|Delivered|Stored/);
  await row(a, 'Short again').hover();
  await look(a, 'chat');
  await a.getByRole('button', { name: '2 members' }).click();
  await a.getByRole('complementary', { name: 'Members' }).waitFor();
  await look(a, 'members');
  await a.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: 'Close' }).click();
  for (const [button, heading] of [
    ['New direct message', 'New direct message'],
    ['Preferences', 'Preferences'],
  ]) {
    await a.getByRole('button', { name: button }).click();
    await a.getByRole('dialog', { name: heading }).waitFor();
    await look(a, heading);
    await a.keyboard.press('Escape');
  }
  await a.keyboard.press('Control+k');
  await a.getByRole('combobox').waitFor();
  await look(a, 'switcher');
  await a.keyboard.press('Escape');
  await a.getByRole('link', { name: 'Safe on 3 of 3' }).click();
  await a.getByText('you are here').waitFor();
  await look(a, 'cluster');
  await a.setViewportSize(narrow);
  await a.getByRole('link', { name: 'Back to rooms' }).click();
  await a.getByRole('heading', { level: 1, name: 'Rooms and people' }).waitFor({ state: 'attached' });
  for (const found of await axe(a)) problems.push(`list 390: ${found}`);
  await a.setViewportSize(wide);
  await row(a, 'An answer').waitFor();

  const [, , n3] = chain.nodes;
  await chain.kill(n3.name);
  await a.getByText('2 of 3 machines.').waitFor();
  await look(a, 'degraded');
  await a.getByRole('link', { name: 'See the cluster' }).click();
  await a.getByRole('list', { name: 'Chain, head to tail' }).getByText('Away').waitFor();
  await look(a, 'degraded cluster');
  await a.goBack();
  await a.context().setOffline(true);
  await say(a, 'waits here');
  await pill(a, 'Reconnecting').waitFor();
  await look(a, 'reconnecting');
  await pill(a, 'Offline').waitFor();
  await look(a, 'offline');
  await a.context().setOffline(false);
  await receipt(a, 'waits here', /Stored on 2 of 2|Delivered|Read/);
  await chain.start_node(n3.name);
  await chain.whole();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return `${counted.looks} looks, 0 violations`;
}

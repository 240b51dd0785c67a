import { render } from 'preact';
import { describe, expect, it } from 'vitest';
import type { Change } from '../src/protocol/outbox';
import type { Message } from '../src/protocol/types.gen';
import { Outbox } from '../src/protocol/outbox';
import { edit_message, refusal_words, send_message, shown_body } from '../src/state/compose';
import { Markdown } from '../src/ui/markdown';
import { headline } from '../src/ui/cluster';
import { away_of, beside_of, health_of, present, why_unserved } from '../src/ui/parts';
import { log_rows, type LogInput } from '../src/ui/rows';
import { band_text, pill_kind } from '../src/ui/status';
import { receipt_words } from '../src/state/receipts';
import { MemoryStore } from './fake';

function html(text: string): string {
  const box = document.createElement('div');
  render(<Markdown text={text} />, box);
  return box.innerHTML;
}

function shown(text: string): string {
  const box = document.createElement('div');
  render(<Markdown text={text} />, box);
  return box.textContent;
}

describe('markdown', () => {
  it('shows the small set', () => {
    expect(html('**a** _b_ ~~c~~ `d`')).toBe('<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>');
    expect(html('one\ntwo')).toBe('<p>one<br>two</p>');
    expect(html('- a\n- b')).toContain('<li>a</li>');
    expect(html('```\n<b>\n```')).toContain('&lt;b&gt;');
  });

  it('makes links of http, https and mailto only, and never lets them reach back', () => {
    expect(html('[x](https://example.org/a)')).toContain('href="https://example.org/a" rel="noopener noreferrer"');
    expect(html('https://example.org')).toContain('href="https://example.org/"');
    for (const bad of [
      '[x](javascript:alert(1))',
      '[x](JaVaScRiPt:alert(1))',
      '[x](data:text/html,hi)',
      '[x](/relative)',
      '[x]( javascript:1 )',
    ])
      expect(html(bad)).not.toContain('<a');
  });

  it('shows HTML as text', () => {
    expect(html('<script>alert(1)</script>')).toBe('<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>');
    expect(html('a <img src=x onerror=alert(1)> b')).not.toContain('<img');
    expect(html('![x](https://example.org/t.png)')).not.toContain('<img');
  });

  it('loses nothing that was typed', () => {
    for (const text of ['| a | b |\n|---|---|\n| 1 | 2 |', '---', '[a]: https://example.org', '&amp; &lt;'])
      expect(shown(text)).toBe(text.replaceAll('\n', ''));
  });
});

describe('pill', () => {
  const at = (ms: number) => pill_kind({ phase: 'trying', node: '', trouble_since: 1000 }, 1000 + ms);
  it('is silent below a second, then reconnecting, then says that no machine answers', () => {
    expect([at(0), at(999), at(1000), at(9999), at(10000)]).toEqual([
      'none',
      'none',
      'reconnecting',
      'reconnecting',
      'silent',
    ]);
  });
  it('tells a chain that does not serve, machines that do not answer and a device without a network apart', () => {
    const kind = (answered: boolean, online: boolean) =>
      pill_kind({ phase: 'trying', node: '', trouble_since: 1000, answered }, 1000 + 10_000, online);
    expect([kind(true, true), kind(true, false), kind(false, true), kind(false, false)]).toEqual([
      'not_serving',
      'not_serving',
      'silent',
      'offline',
    ]);
  });
  it('says for four seconds that it moved', () => {
    const moved = { to: 'n3', took_ms: 400, complete: true, at: 1000 };
    expect(pill_kind({ phase: 'live', node: 'n3', moved }, 4999)).toBe('moved');
    expect(pill_kind({ phase: 'live', node: 'n3', moved }, 5000)).toBe('none');
  });
});

describe('words of the chain', () => {
  const cluster = (replicas: number, state: 'healthy' | 'degraded' | 'read_only' | 'down' = 'degraded') => ({
    state,
    replicas,
    want: 3,
    endpoints: [],
  });
  it('tells health', () => {
    expect(health_of(cluster(3, 'healthy'), true).words).toBe('Safe on 3 of 3');
    expect(health_of(cluster(2), true).words).toBe('Safe on 2 of 3');
    expect(health_of(cluster(1), true).words).toBe('On the last machine');
    expect(health_of(cluster(1, 'read_only'), true).words).toBe('Reading only');
    expect(health_of(cluster(3, 'healthy'), false).words).toBe('Not connected');
  });
  it('tells trouble with what is kept', () => {
    expect(band_text(cluster(3, 'healthy'), undefined)).toBeUndefined();
    expect(band_text({ ...cluster(2), reason: 'n2 unreachable' }, undefined)!.rest).toBe(
      'Everything works. n2 unreachable.',
    );
    const status = {
      schema: 's',
      state: 'degraded' as const,
      chain: [],
      failed: [{ name: 'n2', since: '2026-11-23T12:02:00Z' }],
    };
    expect(band_text(cluster(2), status)!.rest).toMatch(
      /^Everything works\. n2 has been away since \d\d:\d\d; every message is on both others\.$/,
    );
    expect(band_text(cluster(1), undefined)).toMatchObject({
      strong: 'On the last machine.',
      rest: 'One more failure stops service.',
    });
    const last = { schema: 's', state: 'degraded' as const, chain: [{ name: 'n1', role: 'solo' as const }], failed: [] };
    expect(headline({ ...last, replicas: { want: 3, have: 1 } }).more).toBe('One more failure stops service.');
    expect(band_text(cluster(1, 'read_only'), undefined)!.rest).toMatch(/^Too few machines/);
    const full = { ...cluster(3, 'read_only'), reason: 'disk full: the disk of n1 has no room left' };
    expect(band_text(full, undefined)!.rest).toMatch(/^A disk is full/);
  });
});

describe('machines that are away', () => {
  const node = (name: string) => ({ name, role: 'solo' as const });
  const with_away = (here: string[], away: string[]) => ({
    ...{ schema: 's', state: 'degraded' as const, chain: here.map(node) },
    failed: away.map((name) => ({ name, since: 1_800_000_000_000 })),
  });
  const band = (here: string[], away: string[]) =>
    band_text(
      { state: 'degraded', replicas: here.length, want: here.length + away.length, endpoints: [] },
      with_away(here, away),
    )!;
  it('are all named', () => {
    const all = ['n1', 'n2', 'n3'];
    for (const left of all) {
      const [one, two] = all.filter((name) => name !== left);
      expect(band([left], [one!, two!])).toMatchObject({
        strong: 'On the last machine.',
        rest: `${one} and ${two} are away. One more failure stops service.`,
      });
    }
    expect(band(['n1', 'n2', 'n3'], ['n4', 'n5']).rest).toBe(
      'Everything works. n4 and n5 are away; every message is on the three others.',
    );
    expect(band(['n1', 'n2'], ['n3', 'n4', 'n5']).rest).toBe(
      'Everything works. n3, n4 and n5 are away; every message is on both others.',
    );
  });
  it('are those of the chain that is shown, not of the one before', () => {
    const cluster = { state: 'degraded' as const, replicas: 2, want: 3, endpoints: [] };
    const now = { ...cluster, epoch: 8, reason: 'n3: its process is gone' };
    const before = { ...with_away(['n1', 'n3'], ['n2']), epoch: 7 };
    expect(band_text(now, before)!.rest).toBe('Everything works. n3: its process is gone.');
    expect(band_text(now, { ...with_away(['n1', 'n2'], ['n3']), epoch: 8 })!.rest).toMatch(/^Everything works. n3 has/);
  });
  it('are also those that nobody takes out of the chain, each once', () => {
    const status = {
      ...{ schema: 's', state: 'down' as const, config_service: { state: 'down' as const } },
      chain: [node('n1'), { ...node('n2'), state: 'silent' }, { ...node('n3'), state: 'silent' }],
      failed: [{ name: 'n3', reason: 'no link' }],
    };
    expect(present(status).map(({ name }) => name)).toEqual(['n1']);
    expect(away_of(status)).toEqual([{ name: 'n2' }, { name: 'n3', reason: 'no link' }]);
    expect(why_unserved(status)).toBe(
      'It waits for n2 and n3, or for the config service, which is down, to go on without.',
    );
    const reading = { state: 'read_only' as const, replicas: 3, want: 3, endpoints: [] };
    expect(band_text(reading, { ...status, state: 'read_only' })!.rest).toMatch(/^It waits for n2 and n3/);
  });
  it('are not repaired without the config service, which the cluster page says first', () => {
    const status = {
      ...{ schema: 's', state: 'degraded' as const, config_service: { state: 'down' as const } },
      chain: [node('n1'), node('n2'), node('n3')],
    };
    const without = headline(status);
    expect(without).toMatchObject({ words: 'Safe on 3 of 3', ok: false });
    expect(without.more).toMatch(/^Two machines may fail and nothing is lost. The config service is down: after a failure/);
    expect(headline({ ...status, state: 'healthy', config_service: { state: 'up' } })).toMatchObject({ ok: true });
    // Told by a machine that is in no chain, of others that serve.
    expect(headline({ ...status, chain: [], epoch: 9 })).toEqual({
      words: 'Served by other machines',
      more: 'The one that tells this is in no chain. Epoch 9.',
      ok: false,
    });
  });
  it('are told from those that are out on purpose, stand by, or wait to be let in', () => {
    const status = { ...with_away(['n1', 'n2'], ['n3']), drained: ['n3', 'n4'], not_admitted: ['n5'], spares: ['n1'] };
    const cluster = { state: 'degraded' as const, replicas: 2, want: 4, endpoints: [] };
    expect(band_text(cluster, status)!.rest).toMatch(
      /^Everything works. n3 has been away since \d\d:\d\d; n4 is drained; n5 waits to be let in; every message is on both/,
    );
    const drained = { ...with_away(['n1', 'n2'], []), drained: ['n3'] };
    expect(band_text({ ...cluster, want: 3 }, drained)!.rest).toBe('Everything works. n3 is drained.');
    expect(beside_of({ ...drained, removed_running: ['n6'] }).map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'n3 Drained',
      'n6 Removed',
    ]);
  });
  it('are not those that come in', () => {
    const status = { ...with_away(['n1'], ['n2', 'n3']), joining: [{ name: 'n3', phase: 'log' }] };
    const cluster = { state: 'degraded' as const, replicas: 1, want: 3, endpoints: [] };
    expect(band_text(cluster, status)!.rest).toMatch(/^n2 has been away since \d\d:\d\d\. One more failure/);
  });
});

describe('rows of the log', () => {
  const message = (seq: number, uid: string, more: Partial<Message> = {}): Message => ({
    seq,
    mid: `m_${seq}`,
    rev: seq,
    uid,
    at: 1_800_000_000_000 + seq * 1000,
    body: `text ${seq}`,
    ...more,
  });
  const send = (body: string, more: Partial<Change> = {}): Change => ({
    ...{
      cid: `C${body}`,
      uid: 'u_1',
      lineage: '',
      lane: 'c_1',
      op: 'msg.send',
      at: 1_800_000_000_000,
      durable: true,
      state: 'waiting',
      sent: 0,
    },
    ...{ d: { conv: 'c_1', body, fmt: 'md' as const } },
    ...more,
  });
  const input = (msgs: Message[], changes: Change[] = [], more: Partial<LogInput> = {}): LogInput => ({
    view: {
      window: { msgs, rev: 9, has_older: false, has_newer: false },
      held: [],
      members: [{ uid: 'u_1' }, { uid: 'u_2' }],
      marks: new Map(),
    },
    ...{
      settled: [],
      changes,
      conv: 'c_1',
      me: 'u_1',
      chain_size: 3,
      stored_on: new Map(),
      keeps: true,
      read_before: 0,
    },
    ...more,
  });
  const words = (given: LogInput) => log_rows(given).map((row) => (row.receipt ? receipt_words(row.receipt) : ''));

  it('says of each of my messages what became of it', () => {
    const marks = new Map([['u_2', { delivered: 2, read: 1 }]]);
    const given = input(
      [message(1, 'u_1'), message(2, 'u_1'), message(3, 'u_1'), message(4, 'u_2')],
      [send('waits'), send('sent', { state: 'confirming', sent: 1 })],
    );
    given.view.marks = marks;
    expect(words(given)).toEqual(['Read', 'Delivered', 'Stored on 3 of 3', '', 'Saved on this device', 'Confirming…']);
    expect(log_rows(given).filter((row) => row.worded)).toHaveLength(5);
  });

  it('says delivered and read of a room only when everybody else has it', () => {
    const given = input([message(1, 'u_1'), message(2, 'u_1')]);
    given.view.members = [{ uid: 'u_1' }, { uid: 'u_2' }, { uid: 'u_3' }];
    given.view.marks = new Map([['u_2', { delivered: 2, read: 2 }]]);
    expect(words(given)).toEqual(['Stored on 3 of 3', 'Stored on 3 of 3']);
    given.view.marks = new Map([...given.view.marks, ['u_3', { delivered: 2, read: 1 }]]);
    expect(words(given)).toEqual(['Read', 'Delivered']);
  });

  it('names the number of machines that the answer gave', () => {
    expect(words(input([message(1, 'u_1')], [], { stored_on: new Map([['m_1', 2]]) }))).toEqual(['Stored on 2 of 2']);
  });

  it('says nothing of delivery where nobody else is', () => {
    const given = input([message(1, 'u_1', { delivered: true, read: true })]);
    given.view.members = [{ uid: 'u_1' }];
    expect(words(given)).toEqual(['Stored on 3 of 3']);
  });

  it('shows a message once when its event comes before its answer', () => {
    const given = input([message(1, 'u_2'), message(2, 'u_1')], [send('text 2', { state: 'confirming', sent: 1 })]);
    expect(log_rows(given).map((row) => row.key)).toEqual(['m_1', 'm_2']);
    expect(words(given)).toEqual(['', 'Confirming…']);
  });

  it('does not take an older equal message for it', () => {
    const answered = input([message(2, 'u_1')], [send('text 2', { state: 'confirming', sent: 1 })], {
      stored_on: new Map([['m_2', 3]]),
    });
    expect(log_rows(answered)).toHaveLength(2);
    const old = input([message(2, 'u_1')], [send('text 2', { state: 'confirming', sent: 1, at: 1_800_000_100_000 })]);
    expect(log_rows(old)).toHaveLength(2);
  });

  it('marks days, groups of one author, and where the new messages begin', () => {
    const day = 86_400_000;
    const rows = log_rows(
      input(
        [
          message(1, 'u_2'),
          message(2, 'u_2'),
          message(3, 'u_2', { at: 1_800_000_000_000 + day }),
          message(4, 'u_2', { at: 1_800_000_001_000 + day }),
        ],
        [],
        { read_before: 3 },
      ),
    );
    expect(rows.map((row) => row.first)).toEqual([true, false, true, true]);
    expect(rows.map((row) => row.day !== undefined)).toEqual([true, false, true, false]);
    expect(rows.map((row) => row.fresh)).toEqual([undefined, undefined, undefined, 1]);
  });
});

async function offline_outbox(): Promise<Outbox> {
  const outbox = new Outbox(() => undefined, new MemoryStore(), {
    place_of: () => '',
    on_done: () => {},
    on_refused: () => {},
  });
  await outbox.open('u_1');
  return outbox;
}

describe('refusals', () => {
  const boxed = async (body: string): Promise<Change> => {
    const outbox = await offline_outbox();
    send_message(outbox, 'c_1', body);
    return outbox.entries.value[0]!;
  };
  it('refuses a text that no replica would take, with figures, before it is sent', async () => {
    const change = await boxed('ä'.repeat(9216));
    expect(change.state).toBe('refused');
    expect(refusal_words(change)).toBe('The text is 18 KB, the limit is 16 KB.');
    expect((await boxed('ä'.repeat(8192))).state).not.toBe('refused');
    // 16,000 control characters are 96 KB as JSON: such a frame would end the connection.
    expect((await boxed('\u0001'.repeat(16000))).state).toBe('refused');
  });
});

describe('a text that is changed twice', () => {
  it('goes on from the change that is still on its way', async () => {
    const outbox = await offline_outbox();
    const stored = { mid: 'm_1', body: 'one', rev: 1 };
    edit_message(outbox, 'c_1', { mid: 'm_2', rev: 1 }, 'another message');
    expect(shown_body(outbox, stored)).toBe('one');
    edit_message(outbox, 'c_1', stored, 'one and a half');
    expect(shown_body(outbox, stored)).toBe('one and a half');
    edit_message(outbox, 'c_1', stored, 'ä'.repeat(9216));
    expect(outbox.entries.value.at(-1)?.state).toBe('refused');
    expect(shown_body(outbox, stored)).toBe('one and a half');
  });
});

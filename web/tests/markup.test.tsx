// Whatever somebody sends is drawn by everybody in the room: no text may throw, and none may take long.
import { render } from 'preact';
import { describe, expect, it } from 'vitest';
import { Markdown } from '../src/ui/markdown';
import { deepest_blocks, markup, most_elements, type Block, type Inline } from '../src/ui/markup';

const limit = 16384;
const bytes = (text: string) => new TextEncoder().encode(text).length;

function html(text: string): string {
  const box = document.createElement('div');
  render(<Markdown text={text} />, box);
  return box.innerHTML;
}

function shown(text: string): string {
  const box = document.createElement('div');
  render(<Markdown text={text} />, box);
  for (const line of box.querySelectorAll('br')) line.replaceWith('\n');
  for (const part of box.querySelectorAll('p, li, pre, blockquote')) part.append('\n');
  return box.textContent;
}

function depth(blocks: readonly (Block | Inline)[]): number {
  let most = 0;
  for (const one of blocks) {
    if (typeof one === 'string') continue;
    const inside = one.kind === 'list' ? one.items.flatMap((item) => item.of) : 'of' in one ? one.of : [];
    most = Math.max(most, 1 + depth(inside));
  }
  return most;
}

// A number of steps says the same on every machine; the processor's time is a second look, for what is not counted.
function within_bounds(text: string): void {
  const begun = process.cpuUsage();
  const found = markup(text);
  const took = process.cpuUsage(begun).user / 1000;
  const what = `${JSON.stringify(text.slice(0, 60))} of ${text.length}`;
  expect(found.steps, `steps for ${what}`).toBeLessThan(20 * text.length + 500);
  expect(found.elements, `elements for ${what}`).toBeLessThanOrEqual(most_elements + 1);
  expect(depth(found.blocks), `depth of ${what}`).toBeLessThan(2 * deepest_blocks + 32);
  expect(took, `ms for ${what}`).toBeLessThan(2000);
}

const tokens = [
  ...['>', '> ', '>- ', '- ', '* ', '+ ', '1. ', '2) ', '#', '# ', '*', '**', '***', '_', '__', '~', '~~', '*a', '*a_'],
  ...['**a ', '_a ', '*_', '[', ']', '![', '(', ')', '[](', '[a](', '[a](b ', '](', '[a](http:', '<', '<a ', '<!--'],
  ...[
    '`',
    '``',
    '`a',
    '```\n',
    '~~~\n',
    '\n',
    '\n\n',
    '    ',
    '\t',
    '  ',
    '|',
    'a|',
    '\\',
    '\\[',
    '\\*',
    '&a',
    '&#65;',
  ],
  ...['http://', 'https://a', 'http://a ', 'www.', 'www.a.', 'a@', 'a@b.', 'a@b.c', 'a.', '_.-+', '<![CDATA[', '<?'],
  ...[
    '[a]: b\n',
    'a\n-\n',
    'a',
    'w',
    'h',
    '🙂',
    'ä',
    '中',
    '。',
    '\u200b',
    '\u202e',
    '\ud800',
    '\u0000',
    '\r',
    '\u2028',
  ],
  ...['"', "'", ':', '/', '.', ',', '!', '?', '{', '}', '=', '-', '--', '---\n', '- [ ] ', '[x] ', '1', '007. '],
];

// Small and good enough for texts: xorshift.
function dice(seed: number): (below: number) => number {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function hostile(seed: number): string {
  const roll = dice(seed);
  const any = () => tokens[roll(tokens.length)]!;
  const size = roll(8) === 0 ? limit : 1 + roll(4096);
  let text = '';
  // A few tokens again and again, with something else now and then, or runs that grow.
  const few = Array.from({ length: 1 + roll(4) }, any);
  const rare = roll(3) === 0 ? 1 + roll(40) : 0;
  const grows = roll(5) === 0;
  for (let at = 0; text.length < size; at++)
    text += rare > 0 && roll(rare) === 0 ? any() : few[at % few.length]!.repeat(grows ? 1 + (at % 200) : 1);
  if (roll(3) === 0) text = any() + text;
  if (roll(3) === 0) text = text.slice(0, size - 2) + any();
  return text.slice(0, limit);
}

// Nothing waits in here; it is much to read on a machine that does something else as well.
describe('a hostile text', { timeout: 180_000 }, () => {
  it('of one token, as long as a message may be, is read within bounds', () => {
    for (const token of tokens) within_bounds(token.repeat(Math.ceil(limit / token.length)).slice(0, limit));
  });

  it('of each pair of tokens is read within bounds', () => {
    for (const one of tokens)
      for (const other of tokens) within_bounds((one + other).repeat(Math.ceil(600 / (one + other).length)));
  });

  it('of 2,500 seeds is read within bounds', () => {
    for (let seed = 1; seed <= 2500; seed++) {
      const text = hostile(seed);
      try {
        within_bounds(text);
      } catch (why) {
        throw new Error(`seed ${seed}: ${String(why)}`, { cause: why });
      }
    }
  });

  it('that stopped pages once is drawn, with every sign that can be seen', () => {
    const texts = [
      ...['>'.repeat(16000) + ' x', '> '.repeat(8000) + 'x', '1. '.repeat(5400) + 'x', '>- '.repeat(5400) + 'x'],
      ...['*a_'.repeat(5461), '['.repeat(limit), '!'.repeat(limit), 'a'.repeat(limit - 1) + '@'],
      ...[Array.from({ length: 160 }, (_, i) => `${' '.repeat(i)}- a`).join('\n'), '[a](' + '('.repeat(16000)],
    ];
    for (const text of texts) {
      const letters = (one: string) => one.replace(/[^xa@![(]/g, '').length;
      expect(letters(shown(text)), JSON.stringify(text.slice(0, 20))).toBe(letters(text));
    }
  });

  it('of 150 seeds is drawn', () => {
    for (let seed = 1; seed <= 150; seed++) expect(() => html(hostile(seed * 7919)), `seed ${seed}`).not.toThrow();
  });
});

describe('marks on a letter', () => {
  it('are drawn as languages have them, and not by the thousand', () => {
    for (const text of ['e\u0301', 'ก็', '\u1788\u17d2\u1798\u17c4\u17c7', '❤️', 'a' + '\u0301'.repeat(16)])
      expect(shown(text).trim()).toBe(text);
    expect(shown(`a${'\u0301'.repeat(8000)}b`).trim()).toBe(`a${'\u0301'.repeat(16)}b`);
  });
});

describe('what was typed', () => {
  it('is shown with its backslashes, single tildes, entities and stars between letters', () => {
    for (const text of [
      ...['\\\\server\\share\\_docs', 'd:\\Desktop\\qos\\_todelete', '¯\\_(ツ)_/¯', 'grep "\\.conf\\*"'],
      ...['C:\\path\\*.txt and *.md, __init__ and 5*3*2', '2**3 and 2**4', 'snake_case_name', 'a_(b)_c'],
      ...['PATH=~/bin:~/go/bin', 'between 18~25 and 20~26', '&#65; &amp; &lt;', '<div>\nline a\nline b\n</div>'],
      ...[
        '| a | b |\n|---|---|\n| 1 | 2 |',
        '---',
        '- - -',
        '[a]: https://a.example',
        '007. James',
        '2026. What a year',
      ],
      ...['#', '>', '-', '*', '+', '##', '```', '> >', '- -', '[](x)', '[ ](http:x)', '1.', '__init__.py', 'a  b   c'],
    ])
      expect(
        shown(text)
          .trim()
          .replace(/\s*\n\s*/g, '\n'),
      ).toBe(text.replace(/^> (?=>)/, ''));
  });

  it('is emphasis where it was meant', () => {
    expect(html('**a** _b_ *c* ~~d~~ __e f__')).toBe(
      '<p><strong>a</strong> <em>b</em> <em>c</em> <del>d</del> <strong>e f</strong></p>',
    );
    expect(html('***a***')).toBe('<p><em><strong>a</strong></em></p>');
    expect(html('**a *b* c**')).toBe('<p><strong>a <em>b</em> c</strong></p>');
    expect(html('**key**s and これは**太字**です、**「x」**を')).toBe(
      '<p><strong>key</strong>s and これは<strong>太字</strong>です、<strong>「x」</strong>を</p>',
    );
    expect(html('**a')).toBe('<p>**a</p>');
    expect(html('* a*')).toContain('<li>a*</li>');
  });

  it('keeps the numbers of lists', () => {
    expect(html('2. a\n5. b\n6. c')).toBe('<ol start="2"><li>a</li><li value="5">b</li><li>c</li></ol>');
    expect(html('1) a\n2) b')).toBe('<ol start="1"><li>a</li><li>b</li></ol>');
    expect(html('0. a')).toBe('<ol start="0"><li>a</li></ol>');
  });

  it('nests lists and quotes, and ends them where they end', () => {
    expect(html('- a\n  - b\n- c')).toBe('<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>');
    expect(html('1. a\n  - b\n2. c')).toBe('<ol start="1"><li>a<ul><li>b</li></ul></li><li>c</li></ol>');
    expect(html('- a\n\n- b')).toBe('<ul><li>a</li><li>b</li></ul>');
    expect(html('- a\nthanks')).toBe('<ul><li>a</li></ul><p>thanks</p>');
    expect(html('> a\n> > b\nno')).toBe('<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>no</p>');
    expect(html('- [x] a\n- [ ] b')).toContain('☑');
  });

  it('is code with its indentation', () => {
    expect(html('    if a:\n        b()')).toContain('<code>if a:\n    b()</code>');
    expect(html('```js\n  a\n```\nb')).toContain('<code>  a</code></pre><p>b</p>');
    expect(html('```two words\na')).toContain('<code>two words\na</code>');
    expect(html('``a`b`` `c')).toBe('<p><code>a`b</code> `c</p>');
  });

  it('is a link up to where the address ends', () => {
    const links = (text: string) => [...html(text).matchAll(/href="([^"]*)"/g)].map((found) => found[1]);
    expect(links('see https://a.example/a.')).toEqual(['https://a.example/a']);
    expect(links('(https://a.example/A_(b))')).toEqual(['https://a.example/A_(b)']);
    expect(links('https://a.example/x。次 “https://a.example/q” https://a.example/d（x）')).toEqual([
      ...['https://a.example/x', 'https://a.example/q', 'https://a.example/d'],
    ]);
    expect(links('https://a.example/a_b_c*d **https://a.example/e**')).toEqual([
      ...['https://a.example/a_b_c*d', 'https://a.example/e'],
    ]);
    expect(links('www.a.example ana@a.example, <https://a.example/<b>>')).toEqual([
      ...['http://www.a.example/', 'mailto:ana@a.example', 'https://a.example/'],
    ]);
    expect(links('![x](javascript:1) [x](javascript:1) [x](/a) [](https://) xhttps://a.example')).toEqual([]);
    expect(links('[a [b](https://b.example)](https://a.example)')).toEqual(['https://a.example/']);
    expect(shown('[a **b**](https://a.example)').trim()).toBe('a b');
  });

  it('is marked where nothing of it can be seen', () => {
    for (const text of ['\u200b', '\u2060\u200d', '\u00ad', '\u3164', ' \u2800 '])
      expect(shown(text)).toContain('nothing');
  });
});

it('has hostile texts as long as a message may be', () => {
  expect(
    Array.from({ length: 40 }, (_, seed) => bytes(hostile(seed + 1))).filter((size) => size > 12000).length,
  ).toBeGreaterThan(2);
});

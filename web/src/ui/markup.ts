// The text of a message as a small tree. Anybody in a room can send any text of 16 KiB, and everybody draws it: so the work
// is linear in the length of the text, the depth and the number of elements have bounds, and past a bound the text is shown
// as it was typed. It is Markdown as people write it in a chat, not CommonMark: nothing that was typed disappears but the
// marks that are drawn (no escapes, no entities, no HTML, no link definitions; numbers of lists stay; one tilde is a tilde).

export type Inline =
  | string
  | { kind: 'strong' | 'em' | 'del'; of: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'br' }
  | { kind: 'link'; href: string; of: Inline[] };

export interface Item {
  // The number that was typed.
  value?: number;
  // A task, and whether it is done.
  done?: boolean;
  of: Block[];
}

export type Block =
  | { kind: 'paragraph' | 'heading'; of: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; of: Block[] }
  | { kind: 'list'; ordered: boolean; items: Item[] };

export interface Markup {
  blocks: Block[];
  elements: number;
  // How many characters and marks were looked at: what the time is proportional to.
  steps: number;
}

export const most_elements = 400;
const most_breaks = 200;
// Quotes and lists in each other: no more than fit beside each other on a phone.
export const deepest_blocks = 5;
// Emphasis that is open at one place.
const most_open = 8;
const longest_url = 2000;

const blank_line = /^\s*$/;
const indented = /^(?: {0,3}\t| {4})/;
const fence_line = /^( {0,3})(`{3,}|~{3,})[ \t]*([^\n]*)$/;
const heading_line = /^ {0,3}#{1,6}[ \t]+(\S.*)$/;
const quote_line = /^ {0,3}>/;
const item_line = /^( {0,3})([-*+]|(0|[1-9]\d{0,2})[.)])([ \t]+)(\S.*)$/;
// A line of nothing but marks, such as a rule, is no list of empty lists.
const marks_only = /^[ \t*+-]*$/;
const task = /^\[([ xX])\][ \t]+(?=\S)/;

// Nothing of it can be seen: white space, and what has no width.
const unseen = /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]*$/u;
export const is_blank = (text: string) => unseen.test(text);

// More marks on one letter than any language has take the browser seconds to place, and cover the lines around them.
const piled_marks = /(\p{M}{16})\p{M}+/gu;
export const drawable = (text: string) => text.replace(piled_marks, '$1');

const safe_schemes = /^(https?:|mailto:)/i;

export function safe_href(href: string): string | undefined {
  if (href.length > longest_url || !safe_schemes.test(href)) return undefined;
  try {
    return new URL(href).href;
  } catch {
    return undefined;
  }
}

export function markup(text: string): Markup {
  return new Parser().parse(text);
}

interface Marker {
  ordered: boolean;
  value?: number;
  // Where the text of the item begins.
  indent: number;
  text: string;
}

function marker_of(line: string): Marker | undefined {
  const found = item_line.exec(line);
  if (!found || marks_only.test(line)) return undefined;
  const [, before, mark, digits, spaces, text] = found;
  // More than four blanks belong to the text: it is indented code.
  const kept = spaces!.length > 4 ? 1 : spaces!.length;
  return {
    ordered: digits !== undefined,
    value: digits === undefined ? undefined : Number(digits),
    indent: before!.length + mark!.length + kept,
    text: spaces!.slice(kept) + text,
  };
}

function indent_of(line: string): number {
  let at = 0;
  let width = 0;
  for (; line[at] === ' ' || line[at] === '\t'; at++) width += line[at] === '\t' ? 4 - (width % 4) : 1;
  return width;
}

// Takes away up to `width` columns of white space.
function outdented(line: string, width: number): string {
  let at = 0;
  let gone = 0;
  for (; gone < width && (line[at] === ' ' || line[at] === '\t'); at++) gone += line[at] === '\t' ? 4 - (gone % 4) : 1;
  return ' '.repeat(Math.max(0, gone - width)) + line.slice(at);
}

class Parser {
  private steps_ = 0;
  private elements_ = 0;
  private breaks_ = 0;

  parse(text: string): Markup {
    const blocks = this.blocks_(text.split(/\r\n|\r|\n/), 0);
    return { blocks, elements: this.elements_, steps: this.steps_ };
  }

  private element_(): boolean {
    if (this.elements_ >= most_elements) return false;
    this.elements_++;
    return true;
  }

  private blocks_(lines: string[], depth: number): Block[] {
    const out: Block[] = [];
    const open = depth < deepest_blocks;
    let paragraph: string[] = [];
    const end_paragraph = () => {
      if (paragraph.length > 0) out.push(this.paragraph_(paragraph));
      paragraph = [];
    };
    for (let at = 0; at < lines.length;) {
      const line = lines[at]!;
      this.steps_ += line.length + 1;
      if (this.elements_ >= most_elements) {
        paragraph.push(...lines.slice(at));
        break;
      }
      if (blank_line.test(line)) {
        end_paragraph();
        at++;
        continue;
      }
      if (paragraph.length === 0 && indented.test(line)) {
        at = this.indented_code_(lines, at, out);
        continue;
      }
      const fence = fence_line.exec(line);
      // One line with marks at both its ends is code in a line.
      if (fence && !(fence[2]![0] === '`' && fence[3]!.includes('`'))) {
        const end = this.fence_end_(lines, at, fence[2]!);
        if (lines.slice(at + 1, end).some((inside) => !blank_line.test(inside))) {
          end_paragraph();
          this.fenced_code_(lines.slice(at + 1, end), fence, out);
          at = end + 1;
          continue;
        }
      }
      const heading = heading_line.exec(line);
      if (heading && this.element_()) {
        end_paragraph();
        out.push({ kind: 'heading', of: this.inline_(heading[1]!.trimEnd()) });
        at++;
        continue;
      }
      if (open && quote_line.test(line)) {
        let end = at + 1;
        while (end < lines.length && quote_line.test(lines[end]!)) end++;
        const inside = lines.slice(at, end).map((one) => one.replace(/^ {0,3}> ?/, ''));
        if (inside.some((one) => !blank_line.test(one)) && this.element_()) {
          end_paragraph();
          out.push({ kind: 'quote', of: this.blocks_(inside, depth + 1) });
          at = end;
          continue;
        }
        paragraph.push(...lines.slice(at, end));
        at = end;
        continue;
      }
      const marker = open ? marker_of(line) : undefined;
      if (marker && this.element_()) {
        end_paragraph();
        at = this.list_(lines, at, marker, depth, out);
        continue;
      }
      paragraph.push(line);
      at++;
    }
    end_paragraph();
    return out;
  }

  private paragraph_(lines: string[]): Block {
    const text = lines.join('\n').trimEnd();
    if (!this.element_()) return { kind: 'paragraph', of: [text] };
    return { kind: 'paragraph', of: this.inline_(text) };
  }

  private indented_code_(lines: string[], at: number, out: Block[]): number {
    let end = at;
    for (let next = at; next < lines.length && (indented.test(lines[next]!) || blank_line.test(lines[next]!)); next++) {
      this.steps_ += lines[next]!.length;
      if (!blank_line.test(lines[next]!)) end = next + 1;
    }
    this.elements_++;
    const inside = lines.slice(at, end).map((line) => outdented(line, 4));
    out.push({ kind: 'code', text: inside.join('\n') });
    return end;
  }

  private fence_end_(lines: string[], at: number, fence: string): number {
    let end = at + 1;
    for (; end < lines.length; end++) {
      const line = lines[end]!.trim();
      this.steps_ += line.length + 1;
      if (line.length >= fence.length && line === fence[0]!.repeat(line.length)) break;
    }
    return end;
  }

  private fenced_code_(inside: string[], fence: RegExpExecArray, out: Block[]): void {
    const lines = inside.map((line) => outdented(line, fence[1]!.length));
    // The name of a language is not shown; words behind the fence are text.
    const words = fence[3]!.trim();
    if (/\s/.test(words)) lines.unshift(words);
    this.elements_++;
    out.push({ kind: 'code', text: lines.join('\n').trimEnd() });
  }

  private list_(lines: string[], from: number, first: Marker, depth: number, out: Block[]): number {
    const items: Item[] = [];
    let at = from;
    for (let marker: Marker | undefined = first; marker && this.element_();) {
      const width = marker.indent;
      const inside = [marker.text];
      let next: Marker | undefined;
      for (at++; at < lines.length; at++) {
        let filled = at;
        while (filled < lines.length && blank_line.test(lines[filled]!)) filled++;
        if (filled === lines.length) {
          at = filled;
          break;
        }
        const line = lines[filled]!;
        this.steps_ += line.length + filled - at;
        const indent = indent_of(line);
        // Two blanks are enough to belong to an item, also under a number, where CommonMark wants three.
        if (indent >= Math.min(width, 2)) {
          inside.push(...lines.slice(at, filled), outdented(line, Math.min(indent, width)));
          at = filled;
          continue;
        }
        const other = marker_of(line);
        if (other && other.ordered === first.ordered) {
          next = other;
          at = filled;
        }
        break;
      }
      const item: Item = { of: [] };
      if (marker.value !== undefined) item.value = marker.value;
      const box = task.exec(inside[0]!);
      if (box) {
        item.done = box[1] !== ' ';
        inside[0] = inside[0]!.slice(box[0].length);
      }
      item.of = this.blocks_(inside, depth + 1);
      items.push(item);
      marker = next;
    }
    if (items.length > 0) out.push({ kind: 'list', ordered: first.ordered, items });
    return at;
  }

  private inline_(text: string, in_link = false): Inline[] {
    const line = new Line(text, in_link, {
      element: () => this.element_(),
      // Past its bound a new line is one by its character.
      line_break: () => this.breaks_++ < most_breaks,
      inline: (inside) => this.inline_(inside, true),
    });
    const out = line.read();
    this.steps_ += line.steps;
    return out;
  }
}

// A run of marks that may begin something.
interface Mark {
  sign: string;
  left: number;
  // Behind it in the text.
  end: number;
}

type Piece = Inline | Mark;

const is_mark = (piece: Piece): piece is Mark => typeof piece === 'object' && 'sign' in piece;

const space = /^\s?$/;
const punctuation = /^[\p{P}\p{S}]$/u;
const letter = /^[\p{L}\p{N}\p{M}]$/u;
// Scripts that are written without blanks: a mark between two letters is as good there as one beside a blank.
const unspaced = /^[\u2e80-\u312f\u3190-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u0e00-\u0eff]$/;
const word = (sign: string) => (letter.test(sign) || sign === '_') && !unspaced.test(sign);
const escapable = /[*_~`[\]\\]/;
// What ends a bare address: white space, brackets and quotes that are not part of one, and the punctuation of scripts that
// are written without blanks.
const url_end =
  /[\s<>"`|\\\p{Cc}\u00ab\u00bb\u2018-\u201f\u2026\u2039\u203a\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/u;
const url_start = /(?:https?:\/\/|www\.)(?=[\p{L}\p{N}[])/iuy;
const brackets: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
const domain = /[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/iy;
const in_address = /[a-z0-9._+-]/i;

class Line {
  steps = 0;
  private out_: Piece[] = [];
  private from_ = 0;
  private open_: Mark[] = [];
  // For each "[" the "]" that belongs to it; for each "(" the ")", where no white space is between.
  private close_ = new Map<number, number>();
  private ticks_ = new Map<number, { at: number[]; next: number }>();

  constructor(
    private readonly text_: string,
    private readonly in_link_: boolean,
    private readonly up_: { element(): boolean; line_break(): boolean; inline(text: string): Inline[] },
  ) {}

  read(): Inline[] {
    const text = this.text_;
    this.look_ahead_();
    for (let at = 0; at < text.length;) {
      this.steps++;
      switch (text[at]) {
        case '\\':
          at += escapable.test(text[at + 1] ?? '') ? 2 : 1;
          break;
        case '`':
          at = this.code_(at);
          break;
        case '[':
          at = this.link_(at);
          break;
        case 'h':
        case 'H':
        case 'w':
        case 'W':
          at = this.url_(at);
          break;
        case '@':
          at = this.address_(at);
          break;
        case '*':
        case '_':
        case '~':
          at = this.marks_(at);
          break;
        case '\n':
          if (this.up_.line_break()) this.piece_(at, { kind: 'br' }, at + 1);
          at++;
          break;
        default:
          at++;
      }
    }
    this.flush_(text.length);
    return plain(this.out_);
  }

  private look_ahead_(): void {
    const text = this.text_;
    const square: number[] = [];
    let round: number[] = [];
    for (let at = 0; at < text.length; at++) {
      this.steps++;
      const sign = text[at]!;
      if (sign === '[') square.push(at);
      else if (sign === ']') {
        const begin = square.pop();
        if (begin !== undefined) this.close_.set(begin, at);
      } else if (sign === '(') round.push(at);
      else if (sign === ')') {
        const begin = round.pop();
        if (begin !== undefined) this.close_.set(begin, at);
      } else if (sign === '`') {
        let end = at;
        while (text[end] === '`') end++;
        const known = this.ticks_.get(end - at);
        if (known) known.at.push(at);
        else this.ticks_.set(end - at, { at: [at], next: 0 });
        at = end - 1;
      } else if (round.length > 0 && space.test(sign)) round = [];
    }
  }

  private flush_(end: number): void {
    if (end <= this.from_) return;
    this.out_.push(this.text_.slice(this.from_, end));
    this.from_ = end;
  }

  private piece_(begin: number, piece: Piece, end: number): number {
    this.flush_(begin);
    this.out_.push(piece);
    this.from_ = end;
    return end;
  }

  private run_(at: number): number {
    let end = at;
    while (this.text_[end] === this.text_[at]) end++;
    this.steps += end - at;
    return end;
  }

  private code_(at: number): number {
    const end = this.run_(at);
    const same = this.ticks_.get(end - at);
    if (!same) return end;
    while (same.next < same.at.length && same.at[same.next]! < end) same.next++;
    const close = same.at[same.next];
    if (close === undefined) return end;
    let inside = this.text_.slice(end, close).replaceAll('\n', ' ');
    if (is_blank(inside) || !this.up_.element()) return end;
    if (inside.startsWith(' ') && inside.endsWith(' ')) inside = inside.slice(1, -1);
    return this.piece_(at, { kind: 'code', text: inside }, close + end - at);
  }

  private link_(at: number): number {
    const text = this.text_;
    const close = this.close_.get(at);
    // With "!" it would be a picture: shown as it was typed.
    if (this.in_link_ || close === undefined || text[close + 1] !== '(' || text[at - 1] === '!') return at + 1;
    const end = this.close_.get(close + 1);
    if (end === undefined) return at + 1;
    const words = text.slice(at + 1, close);
    const href = end - close - 2 > longest_url ? undefined : safe_href(text.slice(close + 2, end));
    this.steps += Math.min(longest_url, end - close);
    if (href === undefined || is_blank(words) || !this.up_.element()) return at + 1;
    return this.piece_(at, { kind: 'link', href, of: this.up_.inline(words) }, end + 1);
  }

  private url_(at: number): number {
    const text = this.text_;
    url_start.lastIndex = at;
    if (this.in_link_ || (at > 0 && word(text[at - 1]!))) return at + 1;
    const begun = url_start.exec(text);
    if (!begun) return at + 1;
    let end = at + begun[0].length;
    const open: Record<string, number> = { '(': 0, '[': 0, '{': 0 };
    for (; end < text.length && !url_end.test(text[end]!); end++) {
      const sign = text[end]!;
      if (sign in open) open[sign]!++;
      else if (sign in brackets) open[brackets[sign]!]!--;
    }
    this.steps += end - at;
    const scanned = end;
    for (; end > at; end--) {
      const last = text[end - 1]!;
      const bracket = brackets[last];
      if (bracket !== undefined) {
        // One that was opened in the address belongs to it.
        if (open[bracket]! >= 0) break;
        open[bracket]!++;
      } else if (!/[.,:;!?'*_~]/.test(last)) break;
    }
    const address = text.slice(at, end);
    const href = safe_href(/^www\./i.test(address) ? `http://${address}` : address);
    // Nothing inside of what is no address is looked at again.
    if (href === undefined || !this.up_.element()) return scanned;
    return this.piece_(at, { kind: 'link', href, of: [address] }, end);
  }

  private address_(at: number): number {
    const text = this.text_;
    let begin = at;
    while (begin > this.from_ && at - begin < 64 && in_address.test(text[begin - 1]!)) begin--;
    this.steps += at - begin;
    while (begin < at && !/[a-z0-9]/i.test(text[begin]!)) begin++;
    domain.lastIndex = at + 1;
    const found = begin < at && !this.in_link_ ? domain.exec(text)?.[0] : undefined;
    const name = found?.replace(/-+$/, '') ?? '';
    this.steps += name.length;
    if (!/\.[a-z]/i.test(name) || name.includes('..')) return at + 1;
    const href = safe_href(`mailto:${text.slice(begin, at)}@${name}`);
    if (href === undefined || !this.up_.element()) return at + 1;
    const end = at + 1 + name.length;
    return this.piece_(begin, { kind: 'link', href, of: [text.slice(begin, end)] }, end);
  }

  private marks_(at: number): number {
    const text = this.text_;
    const end = this.run_(at);
    const sign = text[at]!;
    const length = end - at;
    if (sign === '~' ? length !== 2 : length > 3) return end;
    const before = text[at - 1] ?? '';
    const after = text[end] ?? '';
    const beside = (one: string) => space.test(one) || punctuation.test(one) || unspaced.test(one);
    const left = !space.test(after) && (!punctuation.test(after) || beside(before));
    const right = !space.test(before) && (!punctuation.test(before) || beside(after));
    const inside_word = word(before) && word(after);
    const opens = left && !inside_word && !(sign === '_' && word(before));
    const closes = right && !(inside_word && length === 1) && !(sign === '_' && word(after));
    let left_over = length;
    if (closes) left_over = this.close_marks_(sign, at, length);
    if (left_over > 0 && opens) {
      const mark = { sign, left: left_over, end };
      // The oldest one that nothing ended is text.
      if (this.open_.length >= most_open) this.open_.shift();
      this.open_.push(mark);
      this.piece_(end - left_over, mark, end);
    }
    return end;
  }

  // Ends what was begun with the same sign, the innermost first. Returns how many of the marks had nothing to end.
  private close_marks_(sign: string, at: number, length: number): number {
    let left = length;
    while (left > 0) {
      let index = this.open_.length - 1;
      while (index >= 0 && (this.open_[index]!.sign !== sign || (sign === '~' && left < 2))) index--;
      if (index < 0) break;
      const mark = this.open_[index]!;
      this.steps += this.open_.length - index;
      const used = Math.min(mark.left, left, 2);
      const inside = this.text_.slice(mark.end, at);
      // A name of a program, such as __init__, is no emphasis.
      const name = sign === '_' && used === 2 && inside.length <= 64 && /^\w+$/.test(inside);
      this.open_.length = index;
      if (name || inside === '' || !this.up_.element()) break;
      this.flush_(at);
      const place = this.out_.lastIndexOf(mark);
      const of = plain(this.out_.slice(place + 1));
      this.steps += this.out_.length - place;
      this.out_.length = place + 1;
      mark.left -= used;
      if (mark.left === 0) this.out_.pop();
      else this.open_.push(mark);
      this.out_.push({ kind: sign === '~' ? 'del' : used === 2 ? 'strong' : 'em', of });
      left -= used;
      this.from_ = at + length - left;
    }
    return left;
  }
}

// Marks that began nothing are text; pieces of text beside each other are one.
function plain(pieces: Piece[]): Inline[] {
  const out: Inline[] = [];
  for (const piece of pieces) {
    const one = is_mark(piece) ? piece.sign.repeat(piece.left) : piece;
    const last = out.at(-1);
    if (typeof one === 'string' && typeof last === 'string') out[out.length - 1] = last + one;
    else out.push(one);
  }
  return out;
}

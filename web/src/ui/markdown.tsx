// A message's Markdown as nodes, never as an HTML string. What is not in the small set of markup.ts appears as it was typed.
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { drawable, is_blank, markup, type Block, type Inline, type Item } from './markup';

function inline(pieces: Inline[]): ComponentChildren {
  return pieces.map((piece) => {
    if (typeof piece === 'string') return piece;
    switch (piece.kind) {
      case 'strong':
        return <strong>{inline(piece.of)}</strong>;
      case 'em':
        return <em>{inline(piece.of)}</em>;
      case 'del':
        return <del>{inline(piece.of)}</del>;
      case 'code':
        return <code>{piece.text}</code>;
      case 'br':
        return <br />;
      case 'link':
        return (
          <a href={piece.href} rel="noopener noreferrer" target="_blank">
            {inline(piece.of)}
          </a>
        );
    }
  });
}

function list_item(item: Item, number: number) {
  const [first, ...rest] = item.of;
  const beside = first?.kind === 'paragraph';
  return (
    // The number that was typed, also where it does not follow from the one before.
    <li value={item.value !== undefined && item.value !== number ? item.value : undefined}>
      {item.done !== undefined && (
        <span role="img" aria-label={item.done ? 'done' : 'to do'}>
          {item.done ? '☑ ' : '☐ '}
        </span>
      )}
      {beside ? inline(first.of) : first && block(first)}
      {rest.map(block)}
    </li>
  );
}

function block(one: Block): ComponentChildren {
  switch (one.kind) {
    case 'paragraph':
      return <p>{inline(one.of)}</p>;
    // A heading in a chat line is emphasis: the page's outline belongs to the page.
    case 'heading':
      return (
        <p>
          <strong>{inline(one.of)}</strong>
        </p>
      );
    case 'code':
      return (
        <pre tabIndex={0} role="region" aria-label="Code">
          <code>{one.text}</code>
        </pre>
      );
    case 'quote':
      return <blockquote>{one.of.map(block)}</blockquote>;
    case 'list': {
      let number = (one.items[0]?.value ?? 1) - 1;
      const start = number + 1;
      const items = one.items.map((item) => {
        const row = list_item(item, ++number);
        number = item.value ?? number;
        return row;
      });
      return one.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

export const Markdown = memo(({ text }: { text: string }) =>
  is_blank(text) ? (
    <p>
      <span class="gone">A message of nothing that can be seen</span>
    </p>
  ) : (
    <>{markup(drawable(text)).blocks.map(block)}</>
  ),
);

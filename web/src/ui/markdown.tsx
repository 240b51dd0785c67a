// A message's Markdown as nodes, never as an HTML string. What is not in the small set below appears as it was typed.
import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChildren } from 'preact';

const safe_schemes = /^(https?:|mailto:)/i;

function safe_href(href: string): string | undefined {
  if (!safe_schemes.test(href.trim())) return undefined;
  try {
    return new URL(href).href;
  } catch {
    return undefined;
  }
}

function inline(tokens: Token[] | undefined): ComponentChildren {
  return tokens?.map((token) => {
    switch (token.type) {
      case 'text':
      case 'escape':
        return 'tokens' in token && token.tokens ? inline(token.tokens) : token.text;
      case 'strong':
        return <strong>{inline(token.tokens)}</strong>;
      case 'em':
        return <em>{inline(token.tokens)}</em>;
      case 'del':
        return <del>{inline(token.tokens)}</del>;
      case 'codespan':
        return <code>{token.text}</code>;
      case 'br':
        return <br />;
      case 'link': {
        const href = safe_href(token.href);
        if (!href) return token.raw;
        return (
          <a href={href} rel="noopener noreferrer" target="_blank">
            {inline(token.tokens)}
          </a>
        );
      }
      default:
        return token.raw;
    }
  });
}

function block(token: Token): ComponentChildren {
  switch (token.type) {
    case 'space':
    case 'def':
      return token.type === 'def' ? <p>{token.raw}</p> : null;
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>;
    // A heading in a chat line is emphasis: the page's outline belongs to the page.
    case 'heading':
      return (
        <p>
          <strong>{inline(token.tokens)}</strong>
        </p>
      );
    case 'code':
      return (
        <pre tabIndex={0} role="region" aria-label="Code">
          <code>{token.text}</code>
        </pre>
      );
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case 'list': {
      const list = token as Tokens.List;
      const items = list.items.map((item) => <li>{blocks(item.tokens)}</li>);
      return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'text':
      return 'tokens' in token && token.tokens ? inline(token.tokens) : token.text;
    default:
      return <p>{token.raw}</p>;
  }
}

function blocks(tokens: Token[] | undefined): ComponentChildren {
  return tokens?.map(block);
}

export function Markdown({ text }: { text: string }) {
  // `breaks`: a new line that was typed is a new line that is shown.
  return <>{blocks(lexer(text, { gfm: true, breaks: true }))}</>;
}

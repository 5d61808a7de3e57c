import { type ComponentProps, lazy, memo, Suspense, useEffect, useId, useRef, useState } from 'react';
import ReactMarkdown, { type Components, defaultUrlTransform } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { Scrolling } from '../../components/scrolling.tsx';
import { type Block, openBlocks, withDefinitions } from './blocks.ts';
import { CodeBlock } from './code/codeBlock.tsx';
import { GrowingContext, Preformatted } from './code/preformatted.tsx';
import { Citation } from './markdown/citation.tsx';
import { isCitation, withCitations } from './markdown/citations.ts';
import { Fallback } from './markdown/fallback.tsx';
import { isDataImage, MarkdownImage } from './markdown/image.tsx';
import { pending, pendingBlockMark, pendingMark, withFormulas } from './markdown/mathsText.ts';
import { printWhenDrawn } from './markdown/print.ts';

const plugins = [remarkGfm];

printWhenDrawn();

/** Id of the heading of footnotes, which would be the same in each answer. */
const footnoteLabel = 'footnote-label';

/**
 * The title of the page is its only heading of the first level. Links open in a new tab, but for those of footnotes, whose label is left out. Tables scroll horizontally. Lists, quotes and tables have the direction of their text; `markdown.css` sets that of lines.
 */
const components: Components = {
  h1: ({ node: _, children, ...rest }) => (
    <h2 {...rest} className="title">
      {children}
    </h2>
  ),
  h2: ({ node: _, id, children }) => (id === footnoteLabel ? null : <h2 id={id}>{children}</h2>),
  // A task of a list.
  input: ({ checked }) => <input type="checkbox" checked={checked ?? false} aria-label={checked ? 'Done' : 'Not done'} disabled readOnly />,
  ul: ({ node: _, ...rest }) => <ul {...rest} dir="auto" />,
  ol: ({ node: _, ...rest }) => <ol {...rest} dir="auto" />,
  blockquote: ({ node: _, ...rest }) => <blockquote {...rest} dir="auto" />,
  a: ({ node: _, href, children, ...rest }) => {
    if (isCitation(href)) return <Citation id={href} />;
    // An address that could run a script was removed.
    if (!href) return children;
    if ('data-footnote-ref' in rest || 'data-footnote-backref' in rest)
      return (
        <a {...rest} href={href} aria-describedby={undefined}>
          {children}
        </a>
      );
    return (
      <a href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    );
  },
  img: ({ src, alt }) => <MarkdownImage src={typeof src === 'string' ? src : undefined} alt={alt ?? ''} />,
  table: ({ children }) => (
    <Scrolling className="table-frame">
      <table className="table" dir="auto">
        {children}
      </table>
    </Scrolling>
  ),
  pre: Preformatted,
};

/** Images in the text itself are shown. Other `data:` addresses and those that run a script are removed. */
const transformUrl = (url: string, key: string) =>
  (key === 'src' && isDataImage(url)) || (key === 'href' && isCitation(url)) ? url : defaultUrlTransform(url);

/** A formula takes some room, and does not appear as its source first. */
const CodeOrFormula = ({ children, node: _, ...rest }: ComponentProps<'code'> & { node?: unknown }) =>
  String(children).startsWith(pendingMark) ? (
    <span className={String(children).startsWith(pendingBlockMark) ? 'formula block pending' : 'formula pending'}>
      <span>{children}</span>
    </span>
  ) : (
    <code {...rest}>{children}</code>
  );
const pendingComponents: Components = { ...components, code: CodeOrFormula };

const MathsMarkdown = lazy(() => import('./markdown/maths.tsx'));

const Prose = memo(({ text: written, isGrowing }: { text: string; isGrowing: boolean }) => {
  const text = withCitations(written);
  const formulas = withFormulas(text);
  // Footnotes of other answers have the same names.
  const rehype = { clobberPrefix: `${useId()}-` };
  const plain = (source: string, parts: Components) => (
    <GrowingContext value={isGrowing}>
      <ReactMarkdown remarkPlugins={plugins} remarkRehypeOptions={rehype} components={parts} urlTransform={transformUrl}>
        {source}
      </ReactMarkdown>
    </GrowingContext>
  );
  if (formulas === undefined) return plain(text, components);
  return (
    <Fallback fallback={plain(text, components)}>
      <Suspense fallback={plain(withFormulas(text, pending) ?? text, pendingComponents)}>
        <GrowingContext value={isGrowing}>
          <MathsMarkdown text={formulas} plugins={plugins} rehype={rehype} components={components} urlTransform={transformUrl} />
        </GrowingContext>
      </Suspense>
    </Fallback>
  );
});

function Part({ block, isGrowing }: { block: Block; isGrowing: boolean }) {
  if (block.type === 'code') return <CodeBlock language={block.language} text={block.text} isGrowing={isGrowing} />;
  if (block.type === 'prose') return <Prose text={block.text} isGrowing={isGrowing} />;
  return (
    <details open={block.isOpen}>
      <summary>{block.summary || 'Details'}</summary>
      <Markdown text={block.text} isGrowing={isGrowing} />
    </details>
  );
}

/** New blocks rendered per frame. Large updates, for example after a reconnect, are rendered over several frames. */
const blocksPerFrame = 4;

/** Renders Markdown. While the text grows, complete blocks are not parsed again. */
export function Markdown({ text, isGrowing = false }: { text: string; isGrowing?: boolean }) {
  const split = useRef<ReturnType<typeof openBlocks>>(undefined);
  split.current ??= openBlocks();
  const found = split.current(text);
  const blocks = isGrowing ? found : withDefinitions(found, text);
  const [limit, setLimit] = useState(isGrowing ? blocksPerFrame : Number.POSITIVE_INFINITY);
  const isBehind = blocks.length > limit;
  useEffect(() => {
    if (!isBehind) return;
    const frame = requestAnimationFrame(() => setLimit(limit + blocksPerFrame));
    return () => cancelAnimationFrame(frame);
  }, [isBehind, limit]);
  return (
    <div className={`markdown${isGrowing ? ' growing' : ''}${isBehind ? ' behind' : ''}`}>
      {blocks.slice(0, limit).map((block, at) => (
        <Part key={block.start} block={block} isGrowing={isGrowing && at === blocks.length - 1} />
      ))}
    </div>
  );
}

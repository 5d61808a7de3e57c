import { memo, useEffect, useRef, useState } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CopyButton } from '../parts/buttons.tsx';
import { Scrolling } from '../parts/scrolling.tsx';
import { openBlocks } from './blocks.ts';

const plugins = [remarkGfm];

/** Links leave the page alone; pictures of others are not loaded, which would tell them who reads; tables scroll by themselves. */
const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noreferrer noopener">
      {alt || 'A picture'}
    </a>
  ),
  table: ({ children }) => (
    <Scrolling className="table-frame">
      <table className="table">{children}</table>
    </Scrolling>
  ),
  pre: ({ children }) => <Scrolling as="pre">{children}</Scrolling>,
};

const Prose = memo(({ text }: { text: string }) => (
  <ReactMarkdown remarkPlugins={plugins} components={components}>
    {text}
  </ReactMarkdown>
));

const Code = memo(({ language, text }: { language: string; text: string }) => (
  <figure className="code-block">
    <figcaption>
      {language || 'code'}
      <CopyButton text={text} label="Copy the code" />
    </figcaption>
    <Scrolling as="pre">
      <code>{text}</code>
    </Scrolling>
  </figure>
));

/** How many new blocks are drawn in one frame: when much comes at once, as after a lost connection, it is laid out piece by piece. */
const blocksPerFrame = 4;

/** A text in Markdown; while it grows, what is complete is not looked at again. */
export function Markdown({ text, isGrowing = false }: { text: string; isGrowing?: boolean }) {
  const split = useRef<ReturnType<typeof openBlocks>>(undefined);
  split.current ??= openBlocks();
  const blocks = split.current(text);
  const [limit, setLimit] = useState(isGrowing ? blocksPerFrame : Number.POSITIVE_INFINITY);
  const isBehind = blocks.length > limit;
  useEffect(() => {
    if (!isBehind) return;
    const frame = requestAnimationFrame(() => setLimit(limit + blocksPerFrame));
    return () => cancelAnimationFrame(frame);
  }, [isBehind, limit]);
  return (
    <div className={isGrowing ? 'markdown growing' : 'markdown'}>
      {blocks
        .slice(0, limit)
        .map((block) =>
          block.type === 'code' ? (
            <Code key={block.start} language={block.language} text={block.text} />
          ) : (
            <Prose key={block.start} text={block.text} />
          ),
        )}
    </div>
  );
}

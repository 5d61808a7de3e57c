import { memo, useEffect, useRef, useState } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { Scrolling } from '../../components/scrolling.tsx';
import { CopyButton } from '../../ui/buttons.tsx';
import { openBlocks } from './blocks.ts';

const plugins = [remarkGfm];

/** Links open in a new tab. External images are not loaded, because loading them would reveal the reader's IP address. Tables scroll horizontally. */
const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noreferrer noopener">
      {alt || 'Image'}
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

/** New blocks rendered per frame. Large updates, for example after a reconnect, are rendered over several frames. */
const blocksPerFrame = 4;

/** Renders Markdown. While the text grows, complete blocks are not parsed again. */
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

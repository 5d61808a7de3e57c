import { Fragment, lazy, memo, type ReactNode, Suspense, useState } from 'react';
import { Scrolling } from '../../../components/scrolling.tsx';
import { Button, CopyButton, IconButton } from '../../../ui/buttons.tsx';
import { openDocument, useCanOpen } from '../documents.ts';
import type { CodeOfDiagram } from '../markdown/diagram.tsx';
import { saveText } from '../markdown/download.ts';
import { Fallback } from '../markdown/fallback.tsx';
import { type Token, useHighlighting } from './highlight.ts';
import { factsOf } from './languages.ts';

const Diagram = lazy(() => import('../markdown/diagram.tsx'));

/** Longer code is collapsed. */
const maxLines = 24;

/** Languages that can be shown as a page. */
const isPage = (language: string) => /^(html|svg)$/i.test(language);

type CodeProps = { language: string; text: string; isGrowing: boolean };

/** A fenced code block. A complete diagram is drawn instead. */
export const CodeBlock = memo(({ language, text, isGrowing }: CodeProps) => {
  const code = <Code language={language} text={text} isGrowing={isGrowing} />;
  if (language.toLowerCase() !== 'mermaid' || isGrowing) return code;
  return (
    <Fallback fallback={code}>
      <Suspense fallback={<Code language={language} text={text} isGrowing={false} isDrawing />}>
        <Diagram source={text}>{(more) => <Code language={language} text={text} isGrowing={false} {...more} />}</Diagram>
      </Suspense>
    </Fallback>
  );
});

/** `note` is shown above the code. */
function Code({ language, text, isGrowing, note, isDrawing = false }: CodeProps & CodeOfDiagram) {
  const [isOpen, setOpen] = useState(false);
  const canOpen = useCanOpen();
  const { name, extension } = factsOf(language);
  const lines = useHighlighting(text, language, !isGrowing);
  const length = lineCount(text);
  const isLong = length > maxLines;
  const isClosed = isLong && !isOpen;
  return (
    <figure aria-busy={isDrawing} className={isClosed ? 'code-block closed' : 'code-block'}>
      <figcaption>
        <span>{name}</span>
        {canOpen && isPage(language) && !isGrowing && (
          <Button small kind="ghost" icon="eye" onClick={() => openDocument({ name: `Preview.${extension}`, text })}>
            Preview
          </Button>
        )}
        {isLong && <IconButton small label="Download the code" icon="download" onClick={() => saveText(`code.${extension}`, text)} />}
        <CopyButton text={text} label="Copy the code" />
      </figcaption>
      {note}
      <Scrolling as="pre" className={isGrowing && isClosed ? 'at-end' : ''}>
        <code>{isClosed ? excerptOf(text, lines, isGrowing) : lines ? <Lines lines={lines} /> : text}</code>
      </Scrolling>
      {isLong && (
        <button type="button" className="expand" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Show less' : `Show all ${length} lines`}
        </button>
      )}
    </figure>
  );
}

/** The beginning of collapsed code, or its end while it grows. Fewer elements keep a page with much code fast. */
function excerptOf(text: string, lines: readonly Token[][] | undefined, isGrowing: boolean): ReactNode {
  if (lines) return <Lines lines={lines.slice(0, maxLines)} />;
  return isGrowing ? lastLines(text, maxLines) : text.split('\n', maxLines).join('\n');
}

export const Lines = memo(({ lines }: { lines: readonly Token[][] }) =>
  lines.map((line, at) => (
    // oxlint-disable-next-line react/no-array-index-key -- lines never move
    <Fragment key={at}>
      {at > 0 && '\n'}
      {line.map(({ kind, text }, index) =>
        kind === '' ? (
          text
        ) : (
          // oxlint-disable-next-line react/no-array-index-key -- tokens never move
          <span key={index} className={`code-${kind}`}>
            {text}
          </span>
        ),
      )}
    </Fragment>
  )),
);

function lineCount(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function lastLines(text: string, count: number): string {
  let at = text.length;
  for (let left = count; left > 0 && at > 0; left--) at = text.lastIndexOf('\n', at - 1);
  return text.slice(at + 1);
}

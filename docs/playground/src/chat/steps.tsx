import { memo, useEffect, useRef, useState } from 'react';
import type { RunPart, ToolCallPart } from '../../../../client/react/index.ts';
import { duration } from '../parts/format.tsx';
import { Icon } from '../parts/icons.tsx';
import { Scrolling } from '../parts/scrolling.tsx';
import { Markdown } from './markdown.tsx';

/** One piece of what a run shows: what it says, thinks and does, and what was said to it meanwhile. */
export const Step = memo(({ part, isGrowing, isLive }: { part: RunPart; isGrowing: boolean; isLive: boolean }) => {
  switch (part.type) {
    case 'text':
      return <Markdown text={part.text} isGrowing={isGrowing} />;
    case 'thinking':
      return <Thinking text={part.text} isGrowing={isGrowing} isLive={isLive} />;
    case 'input':
      return <p className="said">{part.text}</p>;
    case 'tool':
      return <ToolCall call={part} />;
  }
});

/** Thoughts in a box of fixed height that shows their end: they never push the answer about. */
function Thinking({ text, isGrowing, isLive }: { text: string; isGrowing: boolean; isLive: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  // What was open while it was written stays so: closing it would move what is being read.
  const [isOpen, setOpen] = useState(isLive);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the text has grown
  useEffect(() => {
    if (isGrowing && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, isGrowing]);
  return (
    <details className="step thinking" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Icon name="open" />
        <span className={isGrowing ? 'at-work' : ''}>{isGrowing ? 'Thinking' : 'Thoughts'}</span>
      </summary>
      <Scrolling className="thoughts" ref={box}>
        {text}
      </Scrolling>
    </details>
  );
}

const states = {
  preparing: ['', 'being written'],
  running: ['', 'at work'],
  done: ['good', 'done'],
  failed: ['danger', 'failed'],
  denied: ['danger', 'not allowed'],
} as const satisfies Record<ToolCallPart['state'], readonly [tone: string, text: string]>;

/** A tool call: what was asked for, how it stands, and what came back. */
function ToolCall({ call }: { call: ToolCallPart }) {
  const { state, name, durationMs, error, result } = call;
  const [tone, text] = name === 'ask_user' && state === 'running' ? (['accent', 'waits for you'] as const) : states[state];
  const isOpen = state === 'preparing' || state === 'running';
  return (
    <details className="step tool">
      <summary>
        <Icon name="open" />
        <span className={isOpen ? 'tool-name at-work' : 'tool-name'}>{name ?? 'A tool'}</span>
        <span className="tool-brief">{briefOf(call)}</span>
        <span className={`badge ${tone}`}>
          {text}
          {durationMs !== undefined && ` · ${duration(durationMs)}`}
        </span>
      </summary>
      <div className="tool-facts">
        <Value title="Arguments" value={call.arguments ?? call.argumentsText} />
        {result !== undefined && <Value title="Result" value={result} />}
        {error && <Value title={error.error_class} value={error.message} />}
      </div>
    </details>
  );
}

/** The first thing a call is about, in a line. */
function briefOf({ arguments: given }: ToolCallPart): string {
  const first = Object.values(given ?? {}).find((value) => typeof value === 'string' || typeof value === 'number');
  return first === undefined ? '' : String(first);
}

const longest = 20_000;

/** A value as JSON; a text as it is. What is too long to be read is cut. */
export function Value({ title, value }: { title: string; value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (!text) return null;
  return (
    <div className="value">
      <p>{title}</p>
      <Scrolling as="pre">
        {text.length > longest ? `${text.slice(0, longest)}\n… ${text.length - longest} more characters` : text}
      </Scrolling>
    </div>
  );
}

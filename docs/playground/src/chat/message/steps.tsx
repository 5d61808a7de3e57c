import { memo, useEffect, useRef, useState } from 'react';
import type { RunPart, ToolCallPart } from '../../../../../client/react/index.ts';
import { duration } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Markdown } from './markdown.tsx';

/** One part of a run: text, thinking, a tool call or user input. */
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

/** Thinking in a box of fixed height, scrolled to its end, so that it does not move the answer. */
function Thinking({ text, isGrowing, isLive }: { text: string; isGrowing: boolean; isLive: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  // Stays open after streaming: closing it would move the text that the user is reading.
  const [isOpen, setOpen] = useState(isLive);
  useEffect(() => {
    if (isGrowing && box.current) box.current.scrollTop = box.current.scrollHeight;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs again when the text grows
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
  preparing: ['', 'preparing'],
  running: ['', 'running'],
  done: ['good', 'done'],
  failed: ['danger', 'failed'],
  denied: ['danger', 'denied'],
} as const satisfies Record<ToolCallPart['state'], readonly [tone: string, text: string]>;

function ToolCall({ call }: { call: ToolCallPart }) {
  const { state, name, durationMs, error, result } = call;
  const [tone, text] = name === 'ask_user' && state === 'running' ? (['accent', 'waiting for you'] as const) : states[state];
  const isOpen = state === 'preparing' || state === 'running';
  return (
    <details className="step tool">
      <summary>
        <Icon name="open" />
        <span className={isOpen ? 'tool-name at-work' : 'tool-name'}>{name ?? 'Tool'}</span>
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

/** The first text or number among the arguments. */
function briefOf({ arguments: given }: ToolCallPart): string {
  const first = Object.values(given ?? {}).find((value) => typeof value === 'string' || typeof value === 'number');
  return first === undefined ? '' : String(first);
}

const maxCharacters = 20_000;

/** A value as JSON, a string as it is; truncated after 20 000 characters. */
export function Value({ title, value }: { title: string; value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (!text) return null;
  return (
    <div className="value">
      <p>{title}</p>
      <Scrolling as="pre">
        {text.length > maxCharacters ? `${text.slice(0, maxCharacters)}\n… ${text.length - maxCharacters} more characters` : text}
      </Scrolling>
    </div>
  );
}

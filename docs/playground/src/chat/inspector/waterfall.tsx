import { type CSSProperties, type KeyboardEvent, memo, useEffect, useRef, useState } from 'react';
import { count, duration } from '../../components/format.tsx';
import { dollars } from '../../components/money.ts';
import { Icon } from '../../ui/icons.tsx';
import { kindTexts, statusText, stepName } from './status.tsx';
import type { Step } from './trace.ts';
import type { Row, Totals } from './tree.ts';

type WaterfallProps = {
  rows: readonly Row[];
  span: { start: number; end: number };
  closed: ReadonlySet<string>;
  selected: string | undefined;
  onSelect: (id: string) => void;
  onToggle: (id: string) => void;
};

/** The steps as a tree, each with its bar on a common time axis. Arrow keys move, open and close; Enter selects. */
export function Waterfall({ rows, span, closed, selected, onSelect, onToggle }: WaterfallProps) {
  const tree = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string>();
  const ids = rows.map(({ step }) => step.id);
  const tabStop = [focused, selected, ids[0]].find((id) => id !== undefined && ids.includes(id));

  // A linked step may be out of sight, or hidden by its details.
  useEffect(() => {
    tree.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs again for another step
  }, [selected]);

  const focusRow = (at: number) => {
    const id = ids[Math.min(Math.max(at, 0), ids.length - 1)];
    setFocused(id);
    tree.current?.querySelectorAll<HTMLElement>('[role="treeitem"]')[ids.indexOf(id!)]?.focus();
  };
  const press = (event: KeyboardEvent, { step, depth, hasChildren }: Row, at: number) => {
    const isClosed = closed.has(step.id);
    const parent = rows.slice(0, at).findLastIndex((row) => row.depth < depth);
    const actions: Record<string, (() => void) | undefined> = {
      ArrowDown: () => focusRow(at + 1),
      ArrowUp: () => focusRow(at - 1),
      Home: () => focusRow(0),
      End: () => focusRow(ids.length - 1),
      ArrowRight: () => (hasChildren && isClosed ? onToggle(step.id) : focusRow(at + 1)),
      ArrowLeft: () => (hasChildren && !isClosed ? onToggle(step.id) : parent >= 0 && focusRow(parent)),
      Enter: () => onSelect(step.id),
      ' ': () => onSelect(step.id),
    };
    const action = actions[event.key];
    if (!action || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    action();
  };
  return (
    <div className="waterfall">
      <div className="trace-axis" aria-hidden="true">
        {[0, 0.5, 1].map((part) => (
          <span key={part}>{duration((span.end - span.start) * part)}</span>
        ))}
      </div>
      <div role="tree" aria-label="Steps of the run" ref={tree} style={indentOf(rows)}>
        {rows.map((row, at) => (
          <div
            key={row.step.id}
            role="treeitem"
            className={`trace-row kind-${row.step.kind} is-${row.step.status}`}
            aria-level={row.depth + 1}
            aria-selected={row.step.id === selected}
            aria-expanded={row.hasChildren ? !closed.has(row.step.id) : undefined}
            tabIndex={row.step.id === tabStop ? 0 : -1}
            onClick={() => {
              setFocused(row.step.id);
              onSelect(row.step.id);
            }}
            onKeyDown={(event) => press(event, row, at)}
          >
            <RowContent row={row} span={span} isClosed={closed.has(row.step.id)} onToggle={onToggle} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** The indentation of the deepest row, in rem. It leaves room for names in the narrowest pane. */
const maxIndent = 5.5;

/** Levels are narrower in a deep tree. */
const indentOf = (rows: readonly Row[]) => {
  const deepest = Math.max(1, ...rows.map(({ depth }) => depth));
  return { '--indent': `${Math.min(1.125, maxIndent / deepest)}rem` } as CSSProperties;
};

const RowContent = ({
  row: { step, depth, hasChildren, totals },
  span,
  isClosed,
  onToggle,
}: {
  row: Row;
  span: Span;
  isClosed: boolean;
  onToggle: (id: string) => void;
}) => (
  <>
    <span className="trace-name">
      {Array.from({ length: depth }, (_, at) => (
        <i key={at} />
      ))}
      {hasChildren ? (
        // The keyboard opens and closes rows with the arrow keys.
        <button
          type="button"
          className={isClosed ? 'trace-toggle is-closed' : 'trace-toggle'}
          tabIndex={-1}
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            onToggle(step.id);
          }}
        >
          <Icon name="open" />
        </button>
      ) : (
        <span className="trace-dot" />
      )}
      <span className="trace-label">
        <span className="trace-title">{stepName(step)}</span>
        <span className="for-readers">{`, ${kindTexts[step.kind]}, ${statusText(step.status)},`}</span>
        {(step.status === 'failed' || step.status === 'denied') && (
          <span className="trace-flag" aria-hidden="true">
            {statusText(step.status)}
          </span>
        )}
        {step.status === 'stopped' && (
          <span className="trace-flag is-muted" aria-hidden="true">
            Stopped
          </span>
        )}
      </span>
      <span className="trace-usage">{usageOf(totals)}</span>
    </span>
    <Bar step={step} start={span.start} end={span.end} />
    <span className="trace-time">{timeOf(step, span)}</span>
  </>
);

type Span = { start: number; end: number };

const timeOf = (step: Step, { end }: Span): string => (step.kind === 'note' ? '' : duration((step.end ?? end) - step.start));

const usageOf = ({ input, output, costMicros, hasCost }: Totals): string =>
  [input + output > 0 && `${count(input + output)} tok`, hasCost && costMicros > 0 && dollars(costMicros / 1e6)]
    .filter(Boolean)
    .join(' · ');

/** The light part of a model call is the time until its first token. */
const Bar = memo(({ step, start, end }: { step: Step } & Span) => {
  const at = (time: number) => Math.min(Math.max(((time - start) / (end - start)) * 100, 0), 100);
  const from = at(step.start);
  const to = at(step.end ?? end);
  const first = step.kind === 'model' && step.firstTokenAt !== undefined ? at(step.firstTokenAt) : from;
  return (
    <svg className="trace-bar" aria-hidden="true">
      {[0, 50, 100].map((line) => (
        <line key={line} x1={`${line}%`} x2={`${line}%`} y1="0" y2="100%" />
      ))}
      {first > from && <rect className="early" x={`${from}%`} width={`${first - from}%`} y="25%" height="50%" rx="2" />}
      <rect
        x={`${step.kind === 'note' ? Math.max(from - 1, 0) : first}%`}
        width={`${step.kind === 'note' ? 1.5 : Math.max(to - first, 0.8)}%`}
        y="25%"
        height="50%"
        rx="2"
      />
    </svg>
  );
});

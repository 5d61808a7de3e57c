import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { IconButton } from '../../ui/buttons.tsx';
import { Dialog } from '../../ui/dialog.tsx';

const storageKey = 'arkloop.inspectorWidth';
const minWidth = 360;
/** Of the conversation beside the inspector. */
const minRest = 380;

const besideQuery = matchMedia('(min-width: 70rem)');
const subscribe = (listener: () => void) => {
  besideQuery.addEventListener('change', listener);
  return () => besideQuery.removeEventListener('change', listener);
};

/** Beside the conversation where there is room, and otherwise over it. */
export function Pane({
  title,
  actions,
  onClose,
  children,
}: {
  title: string;
  actions?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}) {
  const isBeside = useSyncExternalStore(subscribe, () => besideQuery.matches);
  return isBeside ? (
    <Beside title={title} actions={actions} onClose={onClose}>
      {children}
    </Beside>
  ) : (
    <Dialog title={title} onClose={onClose} side>
      <div className="inspector-sheet">
        {actions && <div className="inspector-actions">{actions}</div>}
        {children}
      </div>
    </Dialog>
  );
}

function Beside({ title, actions, onClose, children }: { title: string; actions?: ReactNode; onClose: () => void; children: ReactNode }) {
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    const wasOpened = opener instanceof HTMLElement && opener !== document.body;
    if (wasOpened) pane.current?.focus();
    return () => {
      if (wasOpened && opener.isConnected) opener.focus();
    };
  }, []);
  const leave = (event: KeyboardEvent) => {
    // A menu or dialog inside takes its own Escape.
    if (event.key !== 'Escape' || event.defaultPrevented || !pane.current?.contains(event.target as Node)) return;
    onClose();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes the pane from any focus in it
    <aside className="inspector" aria-label={title} id="inspector" ref={pane} tabIndex={-1} onKeyDown={leave}>
      <Separator pane={pane} />
      <header className="inspector-head">
        <h2>{title}</h2>
        {actions}
        <IconButton small label="Close the inspector" icon="close" onClick={onClose} />
      </header>
      {children}
    </aside>
  );
}

const storedWidth = () => Number(localStorage.getItem(storageKey)) || 520;

/** Resizes the pane by pointer or arrow keys. The width is remembered. */
function Separator({ pane }: { pane: { readonly current: HTMLElement | null } }) {
  const [width, setWidth] = useState(storedWidth);
  const [maxWidth, setMaxWidth] = useState(minWidth);
  useEffect(() => {
    const content = pane.current?.parentElement;
    if (!content) return undefined;
    const observer = new ResizeObserver(() => setMaxWidth(Math.max(minWidth, content.clientWidth - minRest)));
    observer.observe(content);
    return () => observer.disconnect();
  }, [pane]);
  const shown = Math.min(Math.max(width, minWidth), maxWidth);
  useEffect(() => document.documentElement.style.setProperty('--inspector', `${shown}px`), [shown]);

  const resize = (to: number) => {
    const next = Math.round(Math.min(Math.max(to, minWidth), maxWidth));
    setWidth(next);
    localStorage.setItem(storageKey, String(next));
  };
  const press = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 80 : 16;
    const to = { ArrowLeft: shown + step, ArrowRight: shown - step, Home: minWidth, End: maxWidth }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    resize(to);
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(pane.current!.getBoundingClientRect().right - event.clientX);
  };
  return (
    <div
      className="inspector-separator"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a rule cannot be moved
      role="separator"
      aria-label="Width of the inspector"
      aria-orientation="vertical"
      aria-controls="inspector"
      aria-valuenow={shown}
      aria-valuemin={minWidth}
      aria-valuemax={maxWidth}
      tabIndex={0}
      onKeyDown={press}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={drag}
      onDoubleClick={() => resize(520)}
    />
  );
}

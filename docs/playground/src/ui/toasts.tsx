import { Toast as Radix } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { IconButton } from './buttons.tsx';
import { Icon } from './icons.tsx';

type ToastOptions = {
  tone?: 'good' | 'danger';
  /** A button, such as Undo. */
  action?: { label: string; onSelect: () => void };
};
type Toast = ToastOptions & { id: number; text: string };

let shown: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

const show = (next: readonly Toast[]) => {
  shown = next;
  for (const listener of listeners) listener();
};

/** Shows a message for some seconds: `showToast('Saved')`. Errors of a form belong beside its fields instead. */
export function showToast(text: string, options: ToastOptions = {}) {
  show([...shown, { ...options, id: ++count, text }]);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Renders the toasts. Use it once. A toast stays while it is hovered or focused; F8 moves the focus to the toasts. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <Radix.Provider swipeDirection="down" duration={4_000}>
      {toasts.map(({ id, text, tone, action }) => (
        <Radix.Root
          key={id}
          className={`toast ${tone ?? ''}`}
          duration={action || tone === 'danger' ? 10_000 : 4_000}
          onOpenChange={(open) => !open && show(shown.filter((toast) => toast.id !== id))}
        >
          {tone && <Icon name={tone === 'good' ? 'check' : 'warning'} />}
          <Radix.Description>{text}</Radix.Description>
          {action && (
            <Radix.Action altText={action.label} className="button ghost small" onClick={action.onSelect}>
              {action.label}
            </Radix.Action>
          )}
          <Radix.Close asChild>
            <IconButton small label="Dismiss" icon="close" />
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="toasts" label="Notifications ({hotkey})" />
    </Radix.Provider>
  );
}

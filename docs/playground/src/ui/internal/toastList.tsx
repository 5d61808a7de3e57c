import { Toast as Radix } from 'radix-ui';
import { IconButton } from '../buttons.tsx';
import { Icon } from '../icons.tsx';
import type { Toast } from './toastStore.ts';

type ToastListProps = { toasts: readonly Toast[]; onClose: (id: number) => void };

/** A toast stays while it is hovered or focused. F8 moves the focus to the toasts. */
export default function ToastList({ toasts, onClose }: ToastListProps) {
  return (
    <Radix.Provider swipeDirection="down">
      {toasts.map(({ id, text, tone, action }) => (
        <Radix.Root
          key={id}
          className={`toast ${tone ?? ''}`}
          duration={action || tone === 'danger' ? 10_000 : 4_000}
          onOpenChange={(open) => !open && onClose(id)}
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

import { Popover as Radix } from 'radix-ui';
import { type ReactElement, type ReactNode, useState } from 'react';

type PopoverProps = {
  /** Accessible name of the panel. */
  label: string;
  /** The button that opens it: an element that passes its props and `ref` on to the DOM. */
  trigger: ReactElement;
  /** The content; a function gets a callback that closes the panel. */
  children: ReactNode | ((close: () => void) => ReactNode);
  side?: 'top' | 'right' | 'bottom' | 'left';
  align?: 'start' | 'center' | 'end';
  /** Only for a panel that is controlled from outside. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Moves the focus when the panel has closed; otherwise it returns to the button. */
  onClosed?: () => void;
  className?: string;
};

/** A panel next to its button, for filters and small forms. Escape and a click outside close it. */
export function Popover({
  label,
  trigger,
  children,
  side = 'bottom',
  align = 'start',
  open,
  onOpenChange,
  onClosed,
  className = '',
}: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const change = (next: boolean) => {
    setOpen(next);
    onOpenChange?.(next);
  };
  return (
    <Radix.Root open={open ?? isOpen} onOpenChange={change}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={`popover ${className}`}
          aria-label={label}
          side={side}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            if (!onClosed) return;
            event.preventDefault();
            onClosed();
          }}
        >
          {typeof children === 'function' ? children(() => change(false)) : children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

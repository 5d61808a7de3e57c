import { Tooltip as Radix } from 'radix-ui';
import { type FocusEvent, type ReactElement, type ReactNode, useEffect } from 'react';

/** Shares the delay of all tooltips. Rendered once, around the application. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  useEffect(() => {
    addEventListener('keydown', noteKey, true);
    addEventListener('pointerdown', notePointer, true);
    return () => {
      removeEventListener('keydown', noteKey, true);
      removeEventListener('pointerdown', notePointer, true);
    };
  }, []);
  return (
    <Radix.Provider delayDuration={500} skipDelayDuration={200}>
      {children}
    </Radix.Provider>
  );
}

type TooltipProps = {
  text: ReactNode;
  side?: 'top' | 'right' | 'bottom' | 'left';
  /** One element that passes its props and `ref` on to the DOM. It must be focusable, so that the text is reachable by keyboard. */
  children: ReactElement;
};

/** A short text that appears on hover and keyboard focus. Never the only place of an important fact: touch screens have no hover. */
export const Tooltip = ({ text, side = 'top', children }: TooltipProps) => (
  <Radix.Root>
    <Radix.Trigger asChild onFocus={onlyKeyboardFocus}>
      {children}
    </Radix.Trigger>
    <Radix.Portal>
      <Radix.Content className="tooltip" side={side} sideOffset={6} collisionPadding={8}>
        {text}
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);

/** Whether the last key moved the focus, and no pointer was used since. */
let isMovedByKey = false;

function noteKey({ key }: KeyboardEvent) {
  isMovedByKey = key === 'Tab' || key.startsWith('Arrow');
}

function notePointer() {
  isMovedByKey = false;
}

/**
 * When a menu or dialog closes, the focus returns to its button. Without this check the tooltip of the button would open then, and stay above the
 * next dialog: a page that becomes inert loses the focus without an event.
 */
const onlyKeyboardFocus = (event: FocusEvent) => {
  if (!isMovedByKey || !event.currentTarget.matches(':focus-visible')) event.preventDefault();
};

import { type ComponentType, type ReactNode, useEffect } from 'react';

type RemoveScrollProps = { as?: ComponentType<object>; allowPinchZoom?: boolean; shards?: unknown; children?: ReactNode };

let locks = 0;

// Replaces two packages below the Radix components, see vite.config.ts.

/**
 * Instead of `react-remove-scroll`, which adds `<style>` elements: the content security policy forbids them. An attribute and a rule of `base.css`
 * do the same here, because only the document itself can scroll below a dialog.
 */
export function RemoveScroll({ as: Wrapper, allowPinchZoom: _, shards: __, ...rest }: RemoveScrollProps) {
  useEffect(() => {
    locks += 1;
    document.documentElement.dataset.scrollLocked = '';
    return () => {
      locks -= 1;
      if (locks === 0) delete document.documentElement.dataset.scrollLocked;
    };
  }, []);
  return Wrapper ? <Wrapper {...rest} /> : <div {...rest} />;
}

/** Instead of `aria-hidden`: dialogs have `aria-modal`, which keeps the landmarks and headings of the page in place. */
export const hideOthers = () => () => {};

import { type ComponentProps, createElement } from 'react';

type ScrollingProps = Omit<ComponentProps<'div'>, 'tabIndex'> & { as?: 'div' | 'pre' | 'section' };

/** A part that scrolls by itself, and so can be reached by keyboard (WCAG 2.1.1). */
export const Scrolling = ({ as = 'div', ...rest }: ScrollingProps) => createElement(as, { ...rest, tabIndex: 0 });

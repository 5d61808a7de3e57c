import { type ComponentProps, createElement } from 'react';

type ScrollingProps = Omit<ComponentProps<'div'>, 'tabIndex'> & { as?: 'div' | 'pre' | 'section' | 'span' };

/** A scroll container that is reachable by keyboard (WCAG 2.1.1). */
export const Scrolling = ({ as = 'div', ...rest }: ScrollingProps) => createElement(as, { ...rest, tabIndex: 0 });

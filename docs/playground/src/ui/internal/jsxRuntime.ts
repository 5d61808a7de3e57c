import type { ElementType, Key } from 'react';
import { jsx as reactJsx, jsxs as reactJsxs } from 'react/jsx-runtime';
import { printable } from '../../../../../contract/shared/text.ts';

export { Fragment } from 'react/jsx-runtime';

// Replaces `react/jsx-runtime` in builds, see vite.config.ts. The value of a field is not changed, because it is what the user edits.

type Props = Record<string, unknown>;

/** What is shown or read aloud. Also of components, because those of some packages make their elements in other ways. */
const shown = ['children', 'title', 'aria-label', 'alt', 'placeholder'];

function harmless(text: unknown): unknown {
  if (typeof text === 'string') return printable(text);
  return Array.isArray(text) && text.some((child) => typeof child === 'string') ? text.map(harmless) : text;
}

function harmlessProps(props: Props): Props {
  const changed: Props = {};
  for (const name of shown) {
    const text = harmless(props[name]);
    if (text !== props[name]) changed[name] = text;
  }
  return { ...props, ...changed };
}

export const jsx = (type: ElementType, props: Props, key?: Key) => reactJsx(type, harmlessProps(props), key);
export const jsxs = (type: ElementType, props: Props, key?: Key) => reactJsxs(type, harmlessProps(props), key);

import { type ComponentProps, createContext, useContext } from 'react';
import type { ExtraProps } from 'react-markdown';
import { Scrolling } from '../../../components/scrolling.tsx';
import { CodeBlock } from './codeBlock.tsx';

/** Whether the text around is still being written. */
export const GrowingContext = createContext(false);

/** A code block within other text, such as in a list. */
export function Preformatted({ node, children }: ComponentProps<'pre'> & ExtraProps) {
  const isGrowing = useContext(GrowingContext);
  const [code] = node?.children ?? [];
  const [content] = code?.type === 'element' ? code.children : [];
  if (code?.type !== 'element' || content?.type !== 'text') return <Scrolling as="pre">{children}</Scrolling>;
  const { className } = code.properties;
  const language = Array.isArray(className) ? String(className[0]).replace(/^language-/, '') : '';
  return <CodeBlock language={language} text={content.value.replace(/\n$/, '')} isGrowing={isGrowing} />;
}

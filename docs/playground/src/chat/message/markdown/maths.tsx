import 'katex/dist/katex.min.css';
import katex from 'katex';
import { type ComponentProps, memo, useLayoutEffect, useRef } from 'react';
import ReactMarkdown, { type Components, type UrlTransform } from 'react-markdown';
import remarkMath from 'remark-math';
import { Scrolling } from '../../../components/scrolling.tsx';
import { Preformatted } from '../code/preformatted.tsx';
import { displayMark } from './mathsText.ts';

/** A formula. KaTeX builds elements, because its HTML contains `style` attributes, which the content security policy forbids. */
const Formula = memo(({ source, isBlock }: { source: string; isBlock: boolean }) => {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (place.current) katex.render(source, place.current, { displayMode: isBlock, throwOnError: false, maxSize: 20, maxExpand: 500 });
  }, [source, isBlock]);
  return isBlock ? <Scrolling as="span" ref={place} className="formula block" /> : <span ref={place} className="formula" />;
});

/** The parser marks formulas as code with a class. */
const Code = ({ className = '', children, node: _, ...rest }: ComponentProps<'code'> & { node?: unknown }) => {
  if (!className.includes('math-'))
    return (
      <code {...rest} className={className}>
        {children}
      </code>
    );
  const source = String(children);
  const isInline = className.includes('math-inline') && !source.startsWith(displayMark);
  return <Formula source={source.replace(displayMark, '')} isBlock={!isInline} />;
};

type MathsProps = {
  text: string;
  plugins: NonNullable<ComponentProps<typeof ReactMarkdown>['remarkPlugins']>;
  rehype: ComponentProps<typeof ReactMarkdown>['remarkRehypeOptions'];
  components: Components;
  urlTransform: UrlTransform;
};

/** Markdown with formulas as `$$…$$`. */
export default function MathsMarkdown({ text, plugins, rehype, components, urlTransform }: MathsProps) {
  return (
    <ReactMarkdown
      remarkPlugins={[...plugins, [remarkMath, { singleDollarTextMath: false }]]}
      remarkRehypeOptions={rehype}
      components={{ ...components, code: Code, pre: Pre }}
      urlTransform={urlTransform}
    >
      {text}
    </ReactMarkdown>
  );
}

/** A formula on lines of its own is in a `pre`, which would be announced as code. */
const Pre: typeof Preformatted = (props) => {
  const [child] = props.node?.children ?? [];
  const classes = child?.type === 'element' ? child.properties.className : undefined;
  return Array.isArray(classes) && classes.includes('math-display') ? <div>{props.children}</div> : <Preformatted {...props} />;
};

import { createContext, useContext } from 'react';

/** The sources of an answer by the identifier that the model read: `web:3`. */
export const CitationContext = createContext<ReadonlyMap<string, { title: string; url: string }>>(new Map());

/** A cited source as its number; the text of the model if the source is unknown. */
export function Citation({ id }: { id: string }) {
  const source = useContext(CitationContext).get(id);
  if (!source) return `[${id}]`;
  return (
    <a
      className="citation"
      href={source.url}
      target="_blank"
      rel="noreferrer noopener"
      title={source.title}
      aria-label={`Source: ${source.title}`}
    >
      {id.slice(id.indexOf(':') + 1)}
    </a>
  );
}

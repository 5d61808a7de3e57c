import { createContext, useContext } from 'react';

/** The sources of an answer by the identifier that the model read: `web:3`. */
export const CitationContext = createContext<ReadonlyMap<string, { title: string; url: string }>>(new Map());

/** Makes `[web:3]` a link to `web:3`. A link of the model keeps its own address. */
export const withCitations = (text: string) => text.replace(/\[(web:\d{1,6})\](?![([:])/g, '[$1]($1)');

export const isCitation = (address: string | undefined): address is string => address !== undefined && /^web:\d{1,6}$/.test(address);

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

import { useState } from 'react';
import { Icon } from '../../../ui/icons.tsx';
import type { Source } from './steps.ts';

/** Sources shown before the user asks for all. */
const maxShown = 5;

export function Sources({ sources }: { sources: readonly Source[] }) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? sources : sources.slice(0, maxShown);
  return (
    <figure className="sources" aria-label="Sources">
      {shown.map(({ url, title, snippet }) => (
        <a key={url} className="chip" href={url} target="_blank" rel="noreferrer noopener" title={snippet || url}>
          <Icon name="globe" />
          <span>{title}</span>
          <span className="muted">{URL.parse(url)?.host.replace(/^www\./, '')}</span>
        </a>
      ))}
      {sources.length > shown.length && (
        <button type="button" className="chip" onClick={() => setShowsAll(true)}>
          {sources.length - shown.length} more
        </button>
      )}
    </figure>
  );
}

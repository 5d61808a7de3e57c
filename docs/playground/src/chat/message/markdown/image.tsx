import { useMemo } from 'react';
import { Icon } from '../../../ui/icons.tsx';
import { bytesOf } from '../documents.ts';
import { useObjectUrl } from './objectUrl.ts';

const dataPattern = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})$/;

/** An image whose content is in its address. SVG is left out: it would be a document. */
export const isDataImage = (url: string) => dataPattern.test(url);

/** An image in Markdown. An external one is a link, because loading it would reveal the reader's IP address. */
export function MarkdownImage({ src, alt }: { src: string | undefined; alt: string }) {
  const [, type, data] = (src && dataPattern.exec(src)) || [];
  if (type && data) return <DataImage type={type} data={data} alt={alt} />;
  const host = src === undefined ? undefined : URL.parse(src)?.host;
  return (
    <a className="chip" href={src} target="_blank" rel="noreferrer noopener" title={src}>
      <Icon name="image" />
      {alt || 'Image'}
      {host && <span className="muted">{host}</span>}
    </a>
  );
}

function DataImage({ type, data, alt }: { type: string; data: string; alt: string }) {
  const address = useDataUrl(data, type);
  return address === undefined ? null : <img className="inline-image" src={address} alt={alt} />;
}

/** Returns a blob URL: the content security policy allows no `data:` images. */
function useDataUrl(data: string, type: string) {
  const bytes = useMemo(() => bytesOf(data), [data]);
  return useObjectUrl(bytes, type);
}

import { useRef } from 'react';

/**
 * Shows HTML of a model. The page of the frame runs with an opaque origin and a policy of its own (`server/http/site/framePage.ts`): scripts of the
 * document run, but they can reach neither this page nor the network.
 */
export function Frame({ title, html }: { title: string; html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  return (
    <iframe
      ref={frame}
      key={html}
      className="preview"
      title={title}
      src="/frame"
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      // The target origin cannot be named, because it is opaque.
      onLoad={() => frame.current?.contentWindow?.postMessage(html, '*')}
    />
  );
}

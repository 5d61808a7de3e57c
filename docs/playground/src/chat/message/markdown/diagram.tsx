import { type ReactNode, useEffect, useState } from 'react';
import { Scrolling } from '../../../components/scrolling.tsx';
import { useIsDark } from '../../../theme.ts';
import { Button, CopyButton, IconButton } from '../../../ui/buttons.tsx';
import { drawDiagram } from './diagrams.ts';
import { saveText } from './download.ts';
import { useObjectUrl } from './objectUrl.ts';

/** The code stands for a diagram that is being drawn, or `note` says why it could not be. */
export type CodeOfDiagram = { note?: ReactNode; isDrawing?: boolean };

type Drawn = { svg: string } | { error: string };

/**
 * A Mermaid diagram. It is shown as an image, in which no script runs. `children` renders the source: until the diagram is drawn, on request, and with a
 * note if it has an error.
 */
export default function Diagram({ source, children }: { source: string; children: (more?: CodeOfDiagram) => ReactNode }) {
  const isDark = useIsDark();
  const [drawn, setDrawn] = useState<Drawn>();
  const [showsSource, setShowsSource] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    drawDiagram(source, isDark).then(
      (svg) => isCurrent && setDrawn({ svg }),
      (error: Error) => isCurrent && setDrawn({ error: error.message }),
    );
    return () => {
      isCurrent = false;
    };
  }, [source, isDark]);
  if (!drawn) return children({ isDrawing: true });
  if ('error' in drawn)
    return children({
      note: (
        <details className="code-note danger">
          <summary>This diagram could not be drawn</summary>
          <Scrolling as="pre">{drawn.error}</Scrolling>
        </details>
      ),
    });
  return (
    <>
      <figure className="code-block diagram">
        <figcaption>
          <span>Diagram</span>
          <Button small kind="ghost" icon="code" aria-expanded={showsSource} onClick={() => setShowsSource(!showsSource)}>
            Source
          </Button>
          <IconButton
            small
            label="Download the diagram"
            icon="download"
            onClick={() => saveText('diagram.svg', drawn.svg, 'image/svg+xml')}
          />
          <CopyButton text={source} label="Copy the source of the diagram" />
        </figcaption>
        <Picture svg={drawn.svg} source={source} />
      </figure>
      {showsSource && children()}
    </>
  );
}

function Picture({ svg, source }: { svg: string; source: string }) {
  const address = useObjectUrl(svg, 'image/svg+xml');
  // An image has no size of its own if the SVG has only a view box.
  const [, , width, height] = /viewBox="([^"]+)"/.exec(svg)?.[1]?.split(/[\s,]+/) ?? [];
  const kind = kindOf(source);
  return (
    <div className="diagram-picture">
      {address && <img src={address} alt={`Diagram${kind ? ` (${kind})` : ''}`} width={round(width)} height={round(height)} />}
    </div>
  );
}

/** The first word after front matter and comments: `graph`, `sequenceDiagram`. */
function kindOf(source: string): string | undefined {
  const lines = source.split('\n').map((line) => line.trim());
  const matter = lines[0] === '---' ? lines.indexOf('---', 1) + 1 : 0;
  const first = lines.slice(matter).find((line) => line !== '' && !line.startsWith('%%'));
  return /^[a-z]+/i.exec(first ?? '')?.[0];
}

const round = (size: string | undefined) => (size === undefined ? undefined : Math.ceil(Number(size)));

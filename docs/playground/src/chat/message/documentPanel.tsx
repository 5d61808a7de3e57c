import { useEffect, useId, useRef, useState } from 'react';
import { fileSize } from '../../components/format.tsx';
import { Scrolling } from '../../components/scrolling.tsx';
import { CopyButton, IconButton } from '../../ui/buttons.tsx';
import { Segments } from '../../ui/fields.tsx';
import { Lines } from './code/codeBlock.tsx';
import { useHighlighting } from './code/highlight.ts';
import { addPanel, closeDocument, type OpenDocument, useOpenDocument } from './documents.ts';
import { Markdown } from './markdown.tsx';
import { saveBlob } from './markdown/download.ts';
import { Frame } from './markdown/frame.tsx';
import { useObjectUrl } from './markdown/objectUrl.ts';

/** The document that was opened from an answer, beside the chat; over it on a phone. Render it once on a page with answers. */
export function DocumentPanel() {
  const document = useOpenDocument();
  useEffect(addPanel, []);
  return document && <Panel document={document} />;
}

const imageTypes = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
]);
const extensionOf = (name: string) => (name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '');

function Panel({ document: shown }: { document: OpenDocument }) {
  const { name, text, bytes } = shown;
  const title = useId();
  const panel = useRef<HTMLElement>(null);
  const [view, setView] = useState<'preview' | 'source'>('preview');
  const hasPreview = /^(html?|svg|md|markdown)$/.test(extensionOf(name)) && !bytes;
  // The focus moves into the panel, and back to what opened it.
  useEffect(() => {
    const opener = globalThis.document.activeElement;
    panel.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- runs again when another document is shown
  }, [shown]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes the panel from any focus in it
    <aside
      ref={panel}
      className="document-panel"
      aria-labelledby={title}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape') closeDocument();
      }}
    >
      <header>
        <h2 id={title} title={name}>
          {name}
        </h2>
        {hasPreview && (
          <Segments
            label="Show"
            hideLabel
            value={view}
            options={[
              ['preview', 'Preview'],
              ['source', 'Source'],
            ]}
            onChange={setView}
          />
        )}
        {!bytes && <CopyButton text={text} label="Copy the file" />}
        <IconButton small label="Download the file" icon="download" onClick={() => saveBlob(fileName(name), new Blob([bytes ?? text]))} />
        <IconButton small label="Close the file" icon="close" onClick={closeDocument} />
      </header>
      <Content document={shown} showsPreview={hasPreview && view === 'preview'} />
    </aside>
  );
}

const fileName = (name: string) => name.slice(name.lastIndexOf('/') + 1);

function Content({ document: { name, text, bytes }, showsPreview }: { document: OpenDocument; showsPreview: boolean }) {
  const extension = extensionOf(name);
  const imageType = imageTypes.get(extension);
  if (bytes && imageType) return <Picture name={name} bytes={bytes} type={imageType} />;
  if (bytes) return <p className="muted">This file is not text ({fileSize(bytes.length)}). Download it to open it.</p>;
  if (!showsPreview) return <Source text={text} language={extension} />;
  if (extension.startsWith('m'))
    return (
      <Scrolling className="document-text">
        <Markdown text={text} />
      </Scrolling>
    );
  return (
    <>
      <Frame title={`Preview of ${fileName(name)}`} html={extension === 'svg' ? pageOf(text) : text} />
      <p className="hint">The preview runs apart from this page and without access to the network.</p>
    </>
  );
}

const pageOf = (svg: string) =>
  `<!doctype html><meta charset="utf-8"><style>body{margin:0;height:100vh;display:grid;place-items:center;background:#fff}svg{max-width:100%;max-height:100vh}</style>${svg}`;

function Source({ text, language }: { text: string; language: string }) {
  const lines = useHighlighting(text, language, true);
  return (
    <Scrolling as="pre" className="document-source">
      <code>{lines ? <Lines lines={lines} /> : text}</code>
    </Scrolling>
  );
}

function Picture({ name, bytes, type }: { name: string; bytes: Uint8Array<ArrayBuffer>; type: string }) {
  const address = useObjectUrl(bytes, type);
  return <div className="document-picture">{address && <img src={address} alt={fileName(name)} />}</div>;
}

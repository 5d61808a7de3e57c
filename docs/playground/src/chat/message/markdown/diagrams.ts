import mermaidUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';

/** Milliseconds for one diagram, including the download of Mermaid for the first one. */
const timeoutMs = 20_000;

type Answer = { id: number; svg?: string; error?: string };
type Waiting = { resolve: (svg: string) => void; reject: (error: Error) => void };

let frame: Promise<Window> | undefined;
let count = 0;
const waiting = new Map<number, Waiting>();

/**
 * The document of the hidden frame that draws diagrams. Mermaid needs styles in the document, which the policy of this page forbids, and it would block
 * this page while it works. `strict` escapes HTML in labels and removes links to scripts.
 */
const hostDocument = `<!doctype html><meta charset="utf-8"><body><script src="${new URL(mermaidUrl, location.href).href}"></script><script>
let last = Promise.resolve();
const draw = async ({ id, source, theme, font }) => {
  try {
    mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme, fontFamily: font, htmlLabels: false, flowchart: { htmlLabels: false }, suppressErrorRendering: true });
    const { svg } = await mermaid.render('diagram-' + id, source);
    const place = document.createElement('div');
    place.innerHTML = svg;
    parent.postMessage({ id, svg: new XMLSerializer().serializeToString(place.firstElementChild) }, '*');
  } catch (error) {
    parent.postMessage({ id, error: String(error && error.message || error) }, '*');
  }
};
addEventListener('message', ({ source, data }) => {
  if (source === parent && data && typeof data === 'object') last = last.then(() => draw(data));
});
parent.postMessage({ id: 0 }, '*');
</script></body>`;

/** Opens the frame once. It stays, because loading Mermaid takes longest. */
function openFrame(): Promise<Window> {
  frame ??= new Promise((resolve, reject) => {
    const element = document.createElement('iframe');
    element.src = '/frame';
    element.sandbox.add('allow-scripts');
    element.className = 'diagram-host';
    element.title = 'Drawing of diagrams';
    element.ariaHidden = 'true';
    element.tabIndex = -1;
    element.addEventListener('load', () => element.contentWindow?.postMessage(hostDocument, '*'), { once: true });
    window.addEventListener('message', ({ source, data }: MessageEvent<Answer>) => {
      if (source !== element.contentWindow || typeof data?.id !== 'number') return;
      if (data.id === 0) return resolve(element.contentWindow!);
      const asked = waiting.get(data.id);
      waiting.delete(data.id);
      if (typeof data.svg === 'string') asked?.resolve(data.svg);
      else asked?.reject(new Error(String(data.error)));
    });
    setTimeout(() => {
      reject(new Error('The diagram could not be loaded.'));
    }, timeoutMs);
    document.body.append(element);
  });
  return frame;
}

/** Draws a Mermaid diagram and returns it as SVG. Rejects with the message of Mermaid if the source has an error. */
export async function drawDiagram(source: string, isDark: boolean): Promise<string> {
  const host = await openFrame();
  const id = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    setTimeout(() => waiting.delete(id) && reject(new Error('The diagram took too long to draw.')), timeoutMs);
    const font = 'ui-sans-serif, system-ui, sans-serif';
    host.postMessage({ id, source, theme: isDark ? 'dark' : 'neutral', font }, '*');
  });
}

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
const draw = async ({ id, source, themeVariables }) => {
  try {
    mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', look: 'classic', theme: 'base', themeVariables, themeCSS: '.node *, .cluster *, .actor { filter: none !important }', fontFamily: themeVariables.fontFamily, htmlLabels: false, flowchart: { htmlLabels: false }, suppressErrorRendering: true });
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

/** The colors of the page in the terms of Mermaid, which derives the others. An image cannot use the fonts of the page. */
function themeOf(darkMode: boolean) {
  const probe = document.body.appendChild(document.createElement('i'));
  const color = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const theme = {
    darkMode,
    fontFamily: 'ui-sans-serif, system-ui, sans-serif',
    fontSize: '14px',
    background: color('surface'),
    primaryColor: color('accent-soft'),
    primaryBorderColor: color('accent'),
    primaryTextColor: color('text'),
    secondaryColor: color('sunken'),
    tertiaryColor: color('sunken'),
    lineColor: color('muted'),
    textColor: color('text'),
    edgeLabelBackground: color('surface'),
    noteBkgColor: color('warning-soft'),
    noteTextColor: color('text'),
    noteBorderColor: color('line'),
  };
  probe.remove();
  return theme;
}

/** Draws a Mermaid diagram and returns it as SVG. Rejects with the message of Mermaid if the source has an error. */
export async function drawDiagram(source: string, isDark: boolean): Promise<string> {
  const host = await openFrame();
  const id = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    setTimeout(() => waiting.delete(id) && reject(new Error('The diagram took too long to draw.')), timeoutMs);
    host.postMessage({ id, source, themeVariables: themeOf(isDark) }, '*');
  });
}

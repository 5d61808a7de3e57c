export const framePath = '/frame';

/**
 * The page of a sandboxed frame in which the playground shows HTML and diagrams written by a model. It replaces itself with the first document that
 * its parent sends.
 *
 * Two ways to the network are closed by no policy. A STUN or TURN server of WebRTC, and the host of a `link` to connect to in advance, would learn the
 * address of the reader, and what the document has put in the name. So the interface of WebRTC and `link` elements are removed from this window, and
 * documents in windows of their own, which would have them again, are prevented: those of `srcdoc` and `javascript:`. With trusted types all text that
 * becomes HTML or script passes the default policy, except in XSLT. Browsers without trusted types (Firefox before 148, Safari before 26) prevent only
 * what the document contains as it is sent.
 */
export const framePage = String.raw`<!doctype html>
<meta charset="utf-8">
<title>Preview</title>
<script>
{
  // Names of attributes and elements cannot be written in another way, except by entities of XML.
  const cleaned = (html) =>
    html.replace(/srcdoc/gi, 'not-srcdoc').replace(/<([^\s<>/]*:)?link(?=[\s/>])/gi, '<$1not-link').replaceAll('<!ENTITY', '<!NOT-ENTITY');
  const policy = window.trustedTypes?.createPolicy('default', {
    createHTML: (html, type, sink) => (/srcdoc/i.test(sink) ? null : cleaned(html)),
    createScript: (text, type, sink) => (/^(HTML|SVG)ScriptElement|^Element on/.test(sink) ? text : null),
    createScriptURL: (url) => url,
  });
  const { write, createElement, createElementNS } = Document.prototype;
  const { define } = CustomElementRegistry.prototype;
  const nameOf = (name) => String(name).replace(/^([^]*:)?link$/i, 'not-link');
  // Two texts that are written one after the other can be one name.
  for (const name of ['write', 'writeln']) Document.prototype[name] = () => {};
  Document.prototype.createElement = function (name) { return createElement.call(this, nameOf(name)); };
  Document.prototype.createElementNS = function (space, name) { return createElementNS.call(this, space, nameOf(name)); };
  CustomElementRegistry.prototype.define = function (name, constructor) { define.call(this, name, constructor); };
  for (const name of ['trustedTypes', 'RTCPeerConnection', 'webkitRTCPeerConnection', 'XSLTProcessor'])
    Object.defineProperty(window, name, { value: undefined });
  addEventListener('message', ({ source, data }) => {
    if (source !== parent || source === window || typeof data !== 'string') return;
    document.open();
    write.call(document, policy ? policy.createHTML(data) : cleaned(data));
    document.close();
  });
}
</script>
`;

// Scripts run with an opaque origin: no cookies, no storage, no access to the playground or the API. Nothing is loaded from the network except
// the playground's own scripts.
const policy = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'media-src data: blob:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ');

export const headersOfFrame = {
  'content-security-policy': policy,
  'cache-control': 'no-cache',
  'referrer-policy': 'no-referrer',
  // Addresses of links are not looked up before they are used.
  'x-dns-prefetch-control': 'off',
};

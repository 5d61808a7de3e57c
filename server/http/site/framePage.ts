export const framePath = '/frame';

/**
 * The page of a sandboxed frame in which the playground shows HTML and diagrams written by a model. It replaces itself with the first document that
 * its parent sends.
 *
 * WebRTC is the one way to the network that no policy closes: a STUN or TURN server of the document would learn the address of the reader and what the
 * document contains. So its interface is removed from this window, and documents in windows of their own, which would have it again, are prevented: those of
 * `srcdoc` and `javascript:`. With trusted types all text that becomes HTML or script passes the default policy, except in XSLT. Browsers without trusted types
 * (Firefox before 148, Safari before 26) prevent only what the document contains as it is sent.
 */
export const framePage = `<!doctype html>
<meta charset="utf-8">
<title>Preview</title>
<script>
{
  // Whatever surrounds the name of an attribute, it cannot be written in another way.
  const withoutFrames = (html) => html.replace(/srcdoc/gi, 'not-srcdoc');
  const policy = window.trustedTypes?.createPolicy('default', {
    createHTML: (html, type, sink) => (/srcdoc/i.test(sink) ? null : withoutFrames(html)),
    createScript: (text, type, sink) => (/^(HTML|SVG)ScriptElement|^Element on/.test(sink) ? text : null),
    createScriptURL: (url) => url,
  });
  const write = Document.prototype.write;
  // Two texts that are written one after the other can be one attribute.
  for (const name of ['write', 'writeln']) Document.prototype[name] = () => {};
  for (const name of ['trustedTypes', 'RTCPeerConnection', 'webkitRTCPeerConnection', 'XSLTProcessor'])
    Object.defineProperty(window, name, { value: undefined });
  addEventListener('message', ({ source, data }) => {
    if (source !== parent || source === window || typeof data !== 'string') return;
    document.open();
    write.call(document, policy ? policy.createHTML(data) : withoutFrames(data));
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

export const headersOfFrame = { 'content-security-policy': policy, 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' };

export const framePath = '/frame';

/**
 * The page of a sandboxed frame in which the playground shows HTML and diagrams written by a model. It replaces itself with the first document that
 * its parent sends.
 */
export const framePage = `<!doctype html>
<meta charset="utf-8">
<title>Preview</title>
<script>
addEventListener('message', ({ source, data }) => {
  if (source !== parent || source === window || typeof data !== 'string') return;
  document.open();
  document.write(data);
  document.close();
});
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
].join('; ');

export const headersOfFrame = { 'content-security-policy': policy, 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' };

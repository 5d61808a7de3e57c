import { escapeHtml, siteHeader } from './html.ts';

/** The part of an OpenAPI document that the plain list uses. */
export type Description = {
  info: { title: string; version: string };
  paths: Readonly<Record<string, Readonly<Record<string, { operationId: string; summary: string }>>>>;
};

/** The page of the API reference: interactive, or a plain list if the bundle is not available. */
export const referencePage = (plainList: string, referenceVersion?: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Arkloop API</title>
<link rel="icon" href="data:,">
<link rel="alternate" type="application/json" href="/openapi.json" title="OpenAPI">
<link rel="stylesheet" href="/docs/site.css">
</head>
<body class="reference">
${siteHeader('reference')}
${
  referenceVersion === undefined
    ? `<main class="text">${plainList}</main>`
    : `<div id="reference"></div>
<noscript><main class="text">${plainList}</main></noscript>
<script src="/docs/reference.js?v=${encodeURIComponent(referenceVersion)}"></script>
<script src="/docs/start.js"></script>`
}
</body>
</html>
`;

/** One line per operation, readable without scripts. */
export function plainListOf({ info, paths }: Description): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(
      ([method, { summary }]) => `<li><code>${method.toUpperCase()} ${escapeHtml(path)}</code> ${escapeHtml(summary)}</li>`,
    ),
  );
  return `<h1>${escapeHtml(info.title)} ${escapeHtml(info.version)}</h1>
<p>The whole description: <a href="/openapi.json">openapi.json</a></p>
<ul>
${rows.join('\n')}
</ul>`;
}

/** Starts the reference with all features disabled that contact another host. Requests from the page go to the server that it came from. */
export const startScript = `Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  servers: [{ url: location.origin }],
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
  withDefaultFonts: false,
  persistAuth: false,
  proxyUrl: '',
  hideClientButton: true,
  showDeveloperTools: 'never',
  documentDownloadType: 'none',
  defaultOpenFirstTag: true,
  operationTitleSource: 'summary',
});
`;

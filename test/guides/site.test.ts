import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as contract from '../../contract/index.ts';
import { openApiPath } from '../../contract/shared/path.ts';
import type { Contract } from '../../contract/shared/route.ts';
import { reasonUsages } from '../../docs/errors.ts';
import { operationIdOf } from '../../docs/openapi/operation.ts';
import { reasonDescriptions } from '../../docs/openapi/reasonDescriptions.ts';
import { editUrlOf } from '../../server/http/site/pages/guideLibrary.ts';
import { areaPath } from '../../server/http/site/reference/document.ts';
import { startTestApp, type TestApp } from '../support/app/testApp.ts';
import { documents, root } from './snippets.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({}, { worker: false });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(app.url + path, { headers, redirect: 'manual' });
const names = [
  'client',
  ...documents.filter((file) => file.startsWith('docs/guides/') && !file.endsWith('/README.md')).map((file) => file.slice(12, -3)),
];

const areas = Object.keys(contract).map((area) => areaPath(area));

/** Sends the path unchanged: `fetch` normalizes paths and adds `Cache-Control: no-cache` to conditional requests. */
const statusOf = (path: string, headers: Record<string, string> = {}) =>
  new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(app.url);
    request({ hostname, port, path, headers }, (res) => resolve(res.resume().statusCode))
      .on('error', reject)
      .end();
  });

/** Scripts and styles that are not files of this server. */
const inlineCode = /<script(?![^>]* src="\/docs\/assets\/)|<style|<[a-z][^>]*\s(style|on\w+)=/;

describe('a guide', () => {
  test.each(names)('%s is served as HTML and as Markdown', async (name) => {
    const page = await get(`/docs/guides/${name}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|data:|https?:/);
    const html = await page.text();
    expect(html.match(/<h1 /g)).toHaveLength(1);
    expect(html).not.toMatch(inlineCode);
    const raw = await get(`/docs/guides/${name}.md`);
    expect(raw.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(await raw.text()).toMatch(/^(<!-- .* -->\n+)?# /);
  });

  test('is revalidated by its ETag', async () => {
    const first = await get('/docs/guides/streaming');
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(await statusOf('/docs/guides/streaming', { 'if-none-match': etag })).toBe(304);
    expect(await statusOf('/docs/guides/errors', { 'if-none-match': etag })).toBe(200);
  });

  test('that does not exist returns an HTML page to browsers and a JSON error to other clients', async () => {
    for (const path of ['/docs/guides/nothing', '/docs/guides/README', '/docs/nothing/at/all']) {
      const page = await get(path, { accept: 'text/html,*/*;q=0.8' });
      expect(page.status).toBe(404);
      expect(await page.text()).toContain('<a href="/docs/guides">');
      const refusal = await get(path);
      expect(refusal.status).toBe(404);
      expect(await refusal.json()).toMatchObject({ error: 'not_found' });
    }
    expect((await fetch(`${app.url}/docs/guides`, { method: 'POST' })).status).toBe(405);
  });

  const outside = ['/../../package.json', '/..%2f..%2fpackage.json', '/%2e%2e%2fopenapi.json', '/.env'];
  test.each(outside)('is not served at %s', async (path) => {
    expect(await statusOf(`/docs/guides${path}`)).toBe(404);
  });
});

/** The links in HTML or Markdown to paths of this site. */
const linksIn = (text: string) => [...text.matchAll(/href="(\/[^"]*)"|\]\((\/[^)\s]*)\)/g)].map(([, a, b]) => (a ?? b)!);

test('every link on every page returns 200, and every anchor exists', async () => {
  const pages = new Map<string, string>();
  for (const path of ['/docs/guides', '/docs', ...areas, ...names.map((name) => `/docs/guides/${name}`)])
    pages.set(path, await (await get(path)).text());
  // What the search finds is linked like a page.
  const entries = (await (await get('/docs/search.json')).json()) as { url: string }[];
  pages.set('the search', entries.map(({ url }) => `href="${url}"`).join('\n'));
  const targets = new Set([...pages.values()].flatMap(linksIn).map((link) => link.split('#')[0]!));
  for (const target of [...targets].filter((path) => path !== '/')) expect(`${target} ${(await get(target)).status}`).toBe(`${target} 200`);
  for (const path of areas) expect(pages.get(path), path).not.toMatch(inlineCode);
  for (const [path, html] of pages) {
    expect([...html.matchAll(/href="([^"#/][^"]*\.md[^"]*)"/g)].map(([, href]) => `${path}: ${href}`)).toEqual([]);
    for (const [, target = '', anchor = ''] of html.matchAll(/href="([^"#]*)#([^"]+)"/g))
      if (target === '' || pages.has(target)) expect(pages.get(target || path), `${path}: ${target}#${anchor}`).toContain(`id="${anchor}"`);
  }
});

test('the index lists every guide once', async () => {
  const html = await (await get('/docs/guides')).text();
  const main = html.slice(html.indexOf('<main'), html.indexOf('</main>'));
  for (const name of names) expect(main.split(`href="/docs/guides/${name}"`), name).toHaveLength(2);
});

test('llms.txt has the format of llmstxt.org, and its links lead to Markdown', async () => {
  const answer = await get('/llms.txt');
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const text = await answer.text();
  expect(text).toMatch(/^# .+\n\n> .+\n/);
  const sections = text.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(2);
  for (const section of sections)
    for (const line of section.trim().split('\n').slice(2)) expect(line).toMatch(/^- \[[^\]]+\]\(\/[^)]+\): .+$/);
  for (const link of linksIn(text)) {
    const { status, headers } = await get(link);
    expect(status, link).toBe(200);
    if (link.includes('/guides/')) expect(headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  }
  for (const name of names) expect(text).toContain(`(/docs/guides/${name}.md)`);
});

test('llms-full.txt contains every guide', async () => {
  const text = await (await get('/llms-full.txt')).text();
  for (const name of names) expect(text).toContain(`<!-- /docs/guides/${name}.md -->`);
  expect(linksIn(text).filter((link) => link.startsWith('/docs/guides/') && !/\.md(#.*)?$/.test(link))).toEqual([]);
});

test('the errors guide explains every error reason and no other', () => {
  const given = [...reasonUsages(contract).keys()].sort();
  expect(Object.keys(reasonDescriptions).sort()).toEqual(given);
  const guide = readFileSync(join(root, 'docs/guides/errors.md'), 'utf8');
  for (const reason of given) expect(guide).toContain(`| \`${reason}\` |`);
});

test('the reference has each operation with its path, and a sample in each language', async () => {
  const html = (await Promise.all(areas.map(async (path) => (await get(path)).text()))).join('');
  const text = html.replace(/<[^>]+>/g, '');
  expect(text).toContain('Guide: how to start a run');
  for (const [area, resource] of Object.entries(contract as Contract))
    for (const [verb, route] of Object.entries(resource)) {
      const id = operationIdOf(area, verb);
      expect(html, id).toContain(`<h2 id="${id}">`);
      expect(text, id).toContain(`${route.method} ${openApiPath(route.path)}`);
      for (const language of ['ts', 'sh', 'python']) expect(html, id).toContain(`name="sample-${id}" value="${language}"`);
    }
});

test('a guide is edited in the repository, if package.json names one', () => {
  const of = (repository?: string | { url: string }) => editUrlOf('docs/guides/errors.md', repository === undefined ? {} : { repository });
  const url = 'https://git.example/team/api/edit/main/docs/guides/errors.md';
  expect(of('https://git.example/team/api')).toBe(url);
  expect(of({ url: 'git+https://git.example/team/api.git' })).toBe(url);
  expect(of({ url: 'git+ssh://git@git.example/team/api.git' })).toBe(url);
  expect(of()).toBeUndefined();
});

test('raw HTML in Markdown is escaped', async () => {
  const { renderMarkdown } = await import('../../server/http/site/pages/markdown.ts');
  const { html } = renderMarkdown(
    '# A\n\n<script>alert(1)</script>\n\nb <img src=x onerror=alert(1)> [c](javascript:alert(1))',
    (href) => href,
  );
  expect(html).not.toMatch(/<script|<img|href="javascript:/);
});

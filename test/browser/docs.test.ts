import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docsRouter } from '../../server/http/site/docs.ts';
import { launchBrowser } from './launch.ts';

let browser: Browser;
let origin: string;
let stop: () => void;

beforeAll(async () => {
  await new Promise((resolve) => server.once('listening', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => server.close();
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  stop?.();
});

test('the reference shows an operation and loads resources only from this server', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(90_000);
  const asked: string[] = [];
  const wrong: string[] = [];
  page.on('request', (request) => void asked.push(request.url()));
  page.on('requestfailed', (request) => void wrong.push(`failed ${request.url()}`));
  page.on('response', (response) => void (response.status() >= 400 && wrong.push(`${response.status()} ${response.url()}`)));
  page.on('console', (message) => void (message.type() === 'error' && wrong.push(message.text())));
  page.on('pageerror', (error) => void wrong.push(String(error)));

  await page.goto(`${origin}/docs`);
  await page.getByRole('heading', { name: 'Arkloop API' }).first().waitFor();
  await page.getByText('Create a thread').first().waitFor();
  expect(await page.getByRole('navigation', { name: 'Site' }).getByRole('link').allTextContents()).toEqual([
    'Guides',
    'Reference',
    'Playground',
  ]);
  await page.goto(`${origin}/docs#tag/runs`);
  await page.getByText('Start a run').first().waitFor();
  // Wait for late requests of the page.
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: join(tmpdir(), 'arkloop-docs.png') });

  expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:'))).toEqual([]);
  expect(wrong).toEqual([]);
  await page.close();
}, 180_000);

test('without scripts the page is a plain list of operations', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${origin}/docs`);
  expect(await page.textContent('body')).toContain('POST /v1/threads/{thread_id}/runs');
  await context.close();
});

test('the files are served with their security, caching and encoding headers', async () => {
  const docs = await fetch(`${origin}/docs`);
  expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  const description = await fetch(`${origin}/openapi.json`);
  expect(description.headers.get('content-type')).toMatch(/^application\/json/);
  expect(description.headers.get('content-encoding')).toBe('gzip');
  const text = await description.text();
  expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0', info: { title: 'Arkloop API' } });
  const unpacked = await fetch(`${origin}/openapi.json`, { headers: { 'accept-encoding': 'identity' } });
  expect([unpacked.headers.get('content-encoding'), await unpacked.text()]).toEqual([null, text]);
  const bundle = await fetch(`${origin}/docs/reference.js`, { method: 'HEAD' });
  expect(bundle.headers.get('cache-control')).toContain('immutable');
  const plain = await fetch(`${origin}/docs/reference.js`, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect((await plain.text()).length).toBeGreaterThan(1_000_000);
});

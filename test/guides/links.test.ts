import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { slugger } from '../../server/http/site/pages/markdown.ts';
import { root, textOf } from './snippets.ts';

const skipped = /^(node_modules|\.git|\.arkloop)$|^test\/thirdParty$/;
const texts = (folder = ''): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skipped.test(path) || entry.name === 'node_modules' || entry.name === 'dist') return [];
    return entry.isDirectory() ? texts(path) : entry.name.endsWith('.md') ? [path] : [];
  });

/** The text without code blocks and code spans. */
const prose = (file: string) =>
  textOf(file)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '');

type Link = { file: string; href: string };
const links: Link[] = texts().flatMap((file) =>
  [...prose(file).matchAll(/\]\(([^)\s]+)\)|<(https?:[^>\s]+)>|\bhref="([^"]+)"/g)].map(([, a, b, c]) => ({ file, href: (a ?? b ?? c)! })),
);
const show = (list: Link[]) => list.map(({ file, href }) => `${file}: ${href}`);

function anchorsOf(file: string): Set<string> {
  const slug = slugger();
  const headings = textOf(file)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  return new Set([...headings].map(([, heading]) => slug(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, ''))));
}

function isBroken({ file, href }: Link): boolean {
  const [path = '', anchor] = href.split('#', 2);
  const target = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
}

test('links between documents lead to existing files and headings', () => {
  const inside = links.filter(({ href }) => !/^([a-z]+:|\/)/i.test(href));
  expect(inside.length).toBeGreaterThan(30);
  expect(show(inside.filter(isBroken))).toEqual([]);
  expect(isBroken({ file: 'README.md', href: 'docs/guides/streaming.md#no-such-heading' })).toBe(true);
  expect(isBroken({ file: 'README.md', href: 'docs/guides/nothing.md' })).toBe(true);
});

test('external links use HTTPS, except those to localhost', () => {
  const outside = links.filter(({ href }) => /^[a-z]+:/i.test(href));
  expect(show(outside.filter(({ href }) => !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(href)))).toEqual([]);
});

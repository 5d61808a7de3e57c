export type UserAgentType = 'browser' | 'bot' | 'tool' | 'unknown';

const bots = [
  'bot',
  'crawler',
  'spider',
  'scraper',
  'slurp',
  'facebookexternalhit',
  'yandex',
  'wget',
  'python-requests',
  'python-urllib',
  'java/',
  'go-http-client',
];
const tools = [
  'curl/',
  'httpie/',
  'insomnia/',
  'postman',
  'axios/',
  'node-fetch',
  'got/',
  'ky/',
  'superagent',
  'okhttp/',
  'apache-httpclient',
  'unirest',
  'dart:',
  'cfnetwork/',
  'nsurlsession',
];
const browsers = ['mozilla/', 'chrome/', 'safari/', 'firefox/', 'edge/', 'opera/', 'webkit/'];

const marks = [
  ['bot', bots],
  ['tool', tools],
  ['browser', browsers],
] as const;

/** Classifies a `User-Agent` header. The first match decides; a header without a match is a `tool`. */
export function userAgentType(header: string): UserAgentType {
  const text = header.trim().toLowerCase();
  if (text === '') return 'unknown';
  return marks.find(([, words]) => words.some((word) => text.includes(word)))?.[0] ?? 'tool';
}

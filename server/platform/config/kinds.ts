import { isIP } from 'node:net';
import { z } from 'zod';
import { hostPattern, mailboxPattern } from '../../../contract/shared/mailPatterns.ts';
import { trimEnd } from '../../../contract/shared/text.ts';
import { isBadPort } from '../network/ports.ts';
import { type AllowedProgram, AllowedPrograms } from './allowedPrograms.ts';

/** A kind of value: the type shown in the guide, the expectation stated in errors, and the schema that parses the text. */
export type Kind<T> = { type: string; expected: string; schema: z.ZodType<T, string>; secret?: true };

/** A listen address. Port 0 lets the system choose a port. */
export type Address = { host: string; port: number };

const yes = new Set(['1', 'true', 'yes', 'on']);
const no = new Set(['0', 'false', 'no', 'off']);
const line = z.string().trim();
const list = line.transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

export const boolean: Kind<boolean> = {
  type: 'boolean',
  expected: 'a boolean (1/0, true/false, yes/no or on/off)',
  schema: line
    .toLowerCase()
    .refine((text) => yes.has(text) || no.has(text))
    .transform((text) => yes.has(text)),
};

export const integer = (min: number, max = 2_147_483_647): Kind<number> => ({
  type: 'integer',
  expected: max === 2_147_483_647 ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
  schema: line.regex(/^\d+$/).transform(Number).pipe(z.int().min(min).max(max)),
});

export const fraction: Kind<number> = {
  type: 'number',
  expected: 'a number from 0 to 1',
  schema: line
    .regex(/^(\d+(\.\d*)?|\.\d+)$/)
    .transform(Number)
    .pipe(z.number().min(0).max(1)),
};

/** Greater than `min` if `exclusive`. */
export const number = (min: number, exclusive: 'exclusive' | 'inclusive' = 'inclusive'): Kind<number> => ({
  type: 'number',
  expected: exclusive === 'exclusive' ? `a number greater than ${min}` : `a number of at least ${min}`,
  schema: line
    .regex(/^(\d+(\.\d*)?|\.\d+)$/)
    .transform(Number)
    .pipe(exclusive === 'exclusive' ? z.number().gt(min) : z.number().min(min)),
});

/** One of a list of words, case-insensitive. */
export const word = <const W extends [string, ...string[]]>(...words: W): Kind<W[number]> => ({
  type: words.map((each) => `\`${each}\``).join(', '),
  expected: `one of ${words.join(', ')}`,
  schema: line.toLowerCase().pipe(z.enum(words)),
});

export const text: Kind<string> = { type: 'string', expected: 'a text', schema: line };

export const mailbox: Kind<string> = {
  type: 'address',
  expected: 'an address, or Name <address>, of at most 320 characters',
  schema: line.max(320).regex(mailboxPattern),
};

export const host: Kind<string> = {
  type: 'host',
  expected: 'the name or the address of a host',
  schema: line.max(255, { abort: true }).regex(hostPattern),
};

export const hosts: Kind<string[]> = {
  type: 'CSV',
  expected: 'names of hosts such as api.example.com, separated by commas, without ports',
  schema: list
    .transform((values) => values.map((value) => value.toLowerCase()))
    .refine((values) => values.every((value) => hostPattern.test(value))),
};

export const headerName: Kind<string> = {
  type: 'header',
  expected: 'the name of a header',
  schema: line.regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/i).toLowerCase(),
};

/** A file system path, absolute or relative to the working directory. */
export const path: Kind<string> = {
  type: 'path',
  // A folder called `~` would be created in the working directory.
  expected: 'a path that does not begin with ~, which only a shell expands',
  schema: line.refine((value) => !value.includes('\0') && !value.startsWith('~')),
};

export const csv: Kind<string[]> = { type: 'CSV', expected: 'a comma-separated list', schema: list };

export const url: Kind<string> = {
  type: 'URL',
  expected: 'an http or https URL',
  schema: line.pipe(z.url({ protocol: /^https?$/ })).transform((value) => trimEnd(value, '/')),
};

const maxUrls = 64;

export const urls: Kind<string[]> = {
  type: 'CSV',
  expected: `1 to ${maxUrls} distinct http or https URLs, separated by commas`,
  schema: list
    .pipe(
      z
        .array(z.url({ protocol: /^https?$/ }))
        .min(1)
        .max(maxUrls),
    )
    .transform((values) => values.map((value) => trimEnd(value, '/')))
    .refine((values) => new Set(values.map((value) => new URL(value).href)).size === values.length),
};

/** Secret, because it may contain a password. */
export const dsn: Kind<string> = {
  type: 'DSN',
  expected: 'a PostgreSQL URL (postgres://user:password@host:port/database)',
  schema: line.pipe(z.url({ protocol: /^postgres(ql)?$/ })).transform(withCheckedCertificate),
  secret: true,
};

/** The driver checks certificates for these modes too, and warns that a later version will not. */
function withCheckedCertificate(url: string): string {
  return url.includes('uselibpqcompat=true') ? url : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

/** Secret, because the URL may contain a password. */
export const redis: Kind<string> = {
  type: 'URL',
  expected: 'a Redis URL (redis://user:password@host:port)',
  schema: line.pipe(z.url({ protocol: /^rediss?$/ })),
  secret: true,
};

/** Secret for the same reason. */
export const broker: Kind<string> = {
  type: 'URL',
  expected: 'a Redis or NATS URL (redis://user:password@host:port, nats://user:password@host:port)',
  schema: line.pipe(z.url({ protocol: /^(rediss?|nats|tls)$/ })),
  secret: true,
};

function parseJson(value: string, check: z.RefinementCtx) {
  try {
    return JSON.parse(value) as z.core.util.JSONType;
  } catch {
    check.addIssue('not JSON');
    return z.NEVER;
  }
}

/** Secret, because it may contain credentials. */
export const json: Kind<z.core.util.JSONType> = {
  type: 'JSON',
  expected: 'a JSON document',
  schema: line.transform(parseJson),
  secret: true,
};

export const programs: Kind<AllowedProgram[]> = {
  type: 'JSON',
  expected:
    'a JSON array such as [{"command":"/usr/bin/node","args":["/srv/files.js"],"more_args":"--[a-z]+","cwd":"/srv","env":["API_KEY"]}], without loader variables in env; a list of names is no longer understood',
  // `preprocess` accepts any JSON. The input type of the array does not.
  schema: line.transform(parseJson).pipe(z.preprocess((value) => value, AllowedPrograms)),
};

/** Additional ports below 1024 for outbound requests. */
export const ports: Kind<number[]> = {
  type: 'CSV',
  expected: 'ports from 1 to 65535, separated by commas, none of which browsers block (such as 22, 25, 53 or 389)',
  schema: list.pipe(
    z.array(
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number)
        .pipe(
          z
            .int()
            .min(1)
            .max(65_535)
            .refine((port) => !isBadPort(port)),
        ),
    ),
  ),
};

const isOrigin = (value: string) => /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value;

export const origins: Kind<string[]> = {
  type: 'CSV',
  expected: 'exact origins such as https://app.example.com, separated by commas; * is not allowed',
  schema: list.refine((values) => values.every(isOrigin)),
};

function isCidr(value: string) {
  const [address = '', bits, ...rest] = value.split('/');
  const widest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && widest > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest));
}

export const cidrs: Kind<string[]> = {
  type: 'CSV',
  expected: 'networks such as 10.0.0.0/8 or ::1/128, separated by commas',
  schema: list.refine((values) => values.every(isCidr)),
};

/** `host:port`, `[v6]:port`, or `:port` for all interfaces. */
export const address: Kind<Address> = {
  type: 'host:port',
  expected: 'host:port, with a port from 0 to 65535',
  schema: line
    .regex(/^(\[[0-9a-f:.]+\]|[^:[\]\s/@]*):\d{1,5}$/i)
    .transform((value) => {
      const colon = value.lastIndexOf(':');
      return { host: value.slice(0, colon).replace(/[[\]]/g, '') || '0.0.0.0', port: Number(value.slice(colon + 1)) };
    })
    .refine(({ port }) => port <= 65_535),
};

/** Not trimmed, unlike all other kinds. */
export const secret = (bytes: number): Kind<string> => ({
  type: bytes > 1 ? `string, at least ${bytes} bytes` : 'string',
  expected: bytes > 1 ? `at least ${bytes} bytes` : 'a text',
  schema: z.string().refine((value) => Buffer.byteLength(value) >= bytes),
  secret: true,
});

export const hexKey: Kind<string> = {
  type: '64 hex digits',
  expected: '64 hexadecimal digits (openssl rand -hex 32)',
  schema: line.regex(/^[0-9a-f]{64}$/i).toLowerCase(),
  secret: true,
};

/** Without commas in the secrets. */
export const secrets = (bytes: number): Kind<string[]> => ({
  type: `CSV, each at least ${bytes} bytes`,
  expected: `secrets of at least ${bytes} bytes, separated by commas`,
  schema: list.refine((values) => values.length > 0 && values.every((value) => Buffer.byteLength(value) >= bytes)),
  secret: true,
});

export const hexKeys: Kind<string[]> = {
  type: 'CSV, each 64 hex digits',
  expected: 'keys of 64 hexadecimal digits (openssl rand -hex 32), separated by commas',
  schema: list.pipe(z.array(hexKey.schema).min(1)),
  secret: true,
};

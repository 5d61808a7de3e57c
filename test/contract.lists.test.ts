import { expect, test } from 'vitest';
import { isOfUserAlone, titled } from './setup/operations.ts';
import { fill, pathOf, sampleOf } from './setup/samples.ts';
import { startWalk } from './setup/walk.ts';

const { world, stranger, host, makerOf, ask } = await startWalk();
const rowsEach = 3;

test.for(titled((route) => route.metadata.pages === 'cursor'))(
  '%s shows one account, each row once over its pages',
  async ([, operation]) => {
    const { route } = operation;
    const maker = makerOf(route);
    for (const by of [stranger, host]) await fill({ world, by }, route, rowsEach);
    const params = await fill(maker, route, rowsEach);
    const { query } = await sampleOf(maker, operation);
    const page = (more: Record<string, string>) => ask(operation, { token: maker.by.token }, pathOf(route, params, { ...query, ...more }));

    const all = await page({ limit: '200' });
    expect(all.body.length).toBeGreaterThanOrEqual(rowsEach);
    // The accounts of a user are not of one account, and the platform may see all.
    const foreign =
      route.metadata.auth === 'platform'
        ? []
        : [stranger.id, stranger.accountId, ...(isOfUserAlone(route) ? [] : [host.id, host.accountId])];
    for (const id of foreign) expect(all.text).not.toContain(id);

    const seen: unknown[] = [];
    for (let answer = await page({ limit: '1' }); ; ) {
      expect(answer.body).toHaveLength(1);
      seen.push(...answer.body);
      const next = answer.headers.get('x-next-cursor');
      const [, link] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
      if (next === null) {
        expect(link).toBeUndefined();
        break;
      }
      expect(new URL(link!, world.url).searchParams.get('before')).toBe(next);
      answer = await ask(operation, { token: maker.by.token }, link!);
    }
    const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(seen)).toEqual(sorted(all.body));
  },
);

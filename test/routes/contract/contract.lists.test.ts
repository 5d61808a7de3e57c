import { expect, test } from 'vitest';
import { isAccountIndependent, operationRows } from '../../support/http/operations.ts';
import { startRouteSuite } from '../../support/http/routeSuite.ts';
import { fillList, pathOf, sampleOf } from '../../support/samples/samples.ts';

const { app, stranger, host, makerOf, ask } = await startRouteSuite();
const rowsEach = 3;

test.for(operationRows((route) => route.metadata.pages === 'cursor'))(
  '%s lists one account and returns each row once over its pages',
  async ([, operation]) => {
    const { route } = operation;
    const maker = makerOf(route);
    for (const by of [stranger, host]) await fillList({ app, by }, route, rowsEach);
    const params = await fillList(maker, route, rowsEach);
    const { query } = await sampleOf(maker, operation);
    const page = (more: Record<string, string>) => ask(operation, { token: maker.by.token }, pathOf(route, params, { ...query, ...more }));

    const all = await page({ limit: '200' });
    expect(all.body.length).toBeGreaterThanOrEqual(rowsEach);
    // The accounts of a user span accounts, and platform admins see all.
    const foreign =
      route.metadata.auth === 'platform'
        ? []
        : [stranger.id, stranger.accountId, ...(isAccountIndependent(route) ? [] : [host.id, host.accountId])];
    for (const id of foreign) expect(all.text).not.toContain(id);

    const seen: unknown[] = [];
    for (let answer = await page({ limit: '1' }); ;) {
      expect(answer.body).toHaveLength(1);
      seen.push(...answer.body);
      const next = answer.headers.get('x-next-cursor');
      const [, link] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
      if (next === null) {
        expect(link).toBeUndefined();
        break;
      }
      expect(new URL(link!, app.url).searchParams.get('before')).toBe(next);
      answer = await ask(operation, { token: maker.by.token }, link!);
    }
    const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(seen)).toEqual(sorted(all.body));
  },
);

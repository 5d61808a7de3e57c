import { beforeAll, expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { redemptionCalls } from '../../support/credits/codes.ts';
import { issuesOf } from '../../support/http/responses.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const admin = await signUp();
beforeAll(() => promote(admin));
const { issue, issueOne, list } = redemptionCalls(app, admin);

test('a list is searched by literal, case-insensitive parts of code and batch, and by type', async () => {
  await sql(`insert into feature_flags (id, key, default_value) values (gen_random_uuid(), 'beta.lists', false)`);
  const percent = await issueOne({ batch_id: 'Sale 100%' });
  const other = await issueOne({ batch_id: 'sale 1000', type: 'feature', value: 'beta.lists' });
  const found = async (q: string) => (await list(`?q=${encodeURIComponent(q)}`)).body.map(({ id }: { id: string }) => id);
  expect(await found('SALE 1')).toEqual([other.id, percent.id]);
  expect(await found('100%')).toEqual([percent.id]);
  expect(await found('sale_1')).toEqual([]);
  expect(await found('e\\')).toEqual([]);
  expect(await found(` ${percent.code.slice(2, 12).toLowerCase()} `)).toEqual([percent.id]);
  const ofType = async (type: string) => new Set((await list(`?type=${type}&limit=200`)).body.map((code: { type: string }) => code.type));
  expect([await ofType('feature'), await ofType('credits')]).toEqual([new Set(['feature']), new Set(['credits'])]);
  expect((await list('?q=sale&type=feature')).body).toEqual([other]);
  for (const query of ['?type=credit', '?q=', '?q=%20', `?q=${'x'.repeat(201)}`, '?limit=0', '?limit=201'])
    expect([query, (await list(query)).status]).toEqual([query, 400]);
});

test('pages with `before` or `cursor` neither skip nor repeat codes while others are created', async () => {
  await issue({ count: 7, batch_id: 'paged' });
  const all = (await list('?q=paged')).body.map(({ id }: { id: string }) => id);
  for (const name of ['before', 'cursor']) {
    const seen: string[] = [];
    for (let query: string | undefined = '?q=paged&limit=3'; query;) {
      const page = await list(query);
      expect(page.status).toBe(200);
      seen.push(...page.body.map(({ id }: { id: string }) => id));
      const next: string | null = page.headers.get('x-next-cursor');
      const link: string | undefined = /^<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1];
      if (next) expect((await call('GET', link!, { token: admin.token })).status).toBe(200);
      query = next ? `?q=paged&limit=3&${name}=${next}` : undefined;
      await issue({ count: 2, batch_id: 'unpaged' });
    }
    expect(seen.filter((id) => all.includes(id))).toEqual(all);
    expect(new Set(seen).size).toBe(seen.length);
  }
  const next = (await list('?limit=1')).headers.get('x-next-cursor');
  const other = (await list('?limit=2')).headers.get('x-next-cursor');
  expect((await list(`?before=${next}&cursor=${next}`)).status).toBe(200);
  expect(issuesOf(await list(`?before=${next}&cursor=${other}`))).toEqual([400, [['query', 'cursor']]]);
  for (const query of [`?cursor=${next}&type=credits`, `?cursor=${next}&q=paged`, '?cursor=nonsense', '?cursor='])
    expect([query, (await list(query)).status]).toEqual([query, 400]);
});

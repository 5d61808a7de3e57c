import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessLogLines, behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const { sql } = app;

test.each([
  ['is missing', 'alter table access_log rename to access_log_away', 'alter table access_log_away rename to access_log'],
  [
    'rejects every insert',
    `create function refuse_line() returns trigger language plpgsql as $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$;
     create trigger refuse_line before insert on access_log for each row execute function refuse_line()`,
    // The lock comes first: dropping the trigger alone locks the partitions before their parent, an insert the parent first.
    'begin; lock table access_log; drop trigger refuse_line on access_log; drop function refuse_line; commit',
  ],
])('while the access log table %s requests succeed, and afterwards every line is stored once', async (what, breakIt, mendIt) => {
  const { gateway, call } = await startTestGateway(app, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
  const path = `/v1/${encodeURIComponent(what)}`;
  await sql(breakIt);
  for (let round = 0; round < 15; round++) {
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('GET', path)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect(performance.now() - began).toTakeLessThan(2_000);
  }
  await sql(mendIt);
  await expect.poll(async () => (await accessLogLines(app, 'path = $1', [path], 0)).length).toBe(300);
  expect(gateway.droppedLines()).toBe(0);
});

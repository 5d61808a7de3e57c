import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const app = await startTestApp(fastWorkerEnv);

test('a run whose answer twice takes too long to be stored fails, and its calls are not paid for again and again', async () => {
  await app.sql(`
    create function take_too_long() returns trigger language plpgsql as $$
    begin
      if new.content = 'Poison.' and new.completion = 'complete' then raise exception 'too long' using errcode = 'query_canceled'; end if;
      return new;
    end $$`);
  await app.sql('create trigger slow before insert on messages for each row execute function take_too_long()');
  const talk = await openScriptedThread(app, { script: Array.from({ length: 10 }, () => chat.answer('Poison.')) });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'run.repeated_failure',
    data: { reason: 'database_error', details: { sqlstate: '57014' }, resumable: false },
  });
  expect(talk.vendor.requests.length).toBeLessThanOrEqual(2);
});

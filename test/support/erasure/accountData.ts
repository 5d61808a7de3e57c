import type { Person, TestApp } from '../app/testApp.ts';
import { stagedText } from '../http/forms.ts';
import { openThread, startRun } from '../resources/conversation.ts';
import { deliveryOf, endpointOf } from '../samples/webhooks.ts';

/** Creates one resource of every type that an account owns. */
export async function createAccountData(app: TestApp, person: Person): Promise<void> {
  const { sql, call, signUp, joinAccount } = app;
  const { token, accountId } = person;
  const threadId = await openThread(app, person);
  await startRun(app, person, threadId);
  await sql(
    `insert into run_turns (account_id, run_id, turn_index, opaque) select account_id, id, 1, '{}' from runs where account_id = $1`,
    [accountId],
  );
  // Ended, because a thread has at most one active run.
  await sql(`update runs set status = 'cancelled' where account_id = $1`, [accountId]);
  await call('POST', `/v1/threads/${threadId}/star`, { token });
  await call('POST', '/v1/schedules', { token, body: { name: 'Daily', cron: '0 9 * * *', input: 'Hi!', thread_id: threadId } });
  await sql(
    `insert into schedule_occurrences (account_id, id, schedule_id, scheduled_for, trigger, status, run_id)
     select s.account_id, gen_random_uuid(), s.id, now(), 'schedule', 'started', r.id
     from schedules s join runs r on r.account_id = s.account_id where s.account_id = $1`,
    [accountId],
  );
  await sql(`update schedules s set last_run_id = o.run_id from schedule_occurrences o where o.schedule_id = s.id and s.account_id = $1`, [
    accountId,
  ]);
  await call('POST', `/v1/threads/${threadId}:share`, { token });
  await call('POST', `/v1/threads/${threadId}:report`, { token, body: { categories: ['too_long'] } });
  await sql(
    `insert into thread_share_messages (account_id, share_id, number, content) select account_id, id, 1, '' from thread_shares where account_id = $1`,
    [accountId],
  );
  await sql(
    `insert into thread_summaries (account_id, thread_id, up_to_number, summary, digest) select account_id, id, 1, '', '' from threads where account_id = $1`,
    [accountId],
  );
  await call('POST', '/v1/skills', { token, body: { files: [{ path: 'SKILL.md', content: '---\nname: own\ndescription: Own.\n---\n' }] } });
  await joinAccount(await signUp(), person);
  await sql(`insert into teams (account_id, id, name) values ($1, gen_random_uuid(), 'team')`, [accountId]);
  await sql(
    `insert into team_members (account_id, team_id, user_id, role) select $1, t.id, $2, 'member' from teams t where t.account_id = $1`,
    [accountId, person.id],
  );
  await sql(`update projects set team_id = (select id from teams where account_id = $1) where account_id = $1`, [accountId]);
  await sql(`update threads set project_id = (select id from projects where account_id = $1) where account_id = $1`, [accountId]);
  await sql(
    `insert into memories (account_id, id, user_id, content, search_keys, fact_hash, source, thread_id) values ($1, gen_random_uuid(), $2, '', '{}', '', 'agent', $3)`,
    [accountId, person.id, threadId],
  );
  const attachmentId = (await stagedText(app, person)).split('/')[2];
  await sql('insert into thread_attachments (account_id, attachment_id, thread_id) values ($1, $2, $3)', [
    accountId,
    attachmentId,
    threadId,
  ]);
  await deliveryOf({ app, by: person }, { endpoint_id: await endpointOf({ app, by: person }) });
  const [{ id: projectId }] = await sql('select id from projects where account_id = $1', [accountId]);
  await call('GET', `/v1/projects/${projectId}/workspace`, { token });
  await sql(
    `insert into workspace_objects (account_id, workspace_ref, name, size) select account_id, workspace_ref, 'o', 1 from workspaces where account_id = $1`,
    [accountId],
  );
}

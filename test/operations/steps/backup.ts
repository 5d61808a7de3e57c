import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { callWithin } from '../../../client/conformance/call.ts';
import { keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { isSettled, until } from '../../faults/finalChecks.ts';
import { loadPassword } from '../../faults/load.ts';
import { audit } from '../../support/auditor/audit.ts';
import { journalBefore, knownNow } from '../../support/auditor/journal.ts';
import { query } from '../../support/cluster/query.ts';
import type { Day } from '../dayContext.ts';

const maxSettlingMs = 120_000;

/** The backup is taken while the load goes on. The second installation is audited as it was restored, and after its own processes have finished the open work. */
export async function backUp(day: Day): Promise<void> {
  const { installation, journal, load, keys, folder, report, say, withoutFailure } = day;
  const known = knownNow(journal);
  const uploads = [...load.uploads];
  const target = join(folder, 'files', 'backup');
  await withoutFailure('the backup', async () => say(`  ${await installation.command(['backup', target])}`));
  const place = await installation.emptyPlace();
  const databaseUrl = place.ARKLOOP_DATABASE_URL!;
  await withoutFailure('the restore', async () => say(`  ${await installation.command(['restore', target], place)}`));
  rmSync(target, { recursive: true });

  const encryptionKeys = keyringOf(
    keys.current().map((key) => Buffer.from(key, 'hex')),
    { namesKeys: keys.areNamed() },
  );
  const expected = journalBefore(journal, known);
  const auditCopy = async (isSettledNow: boolean) => {
    for (const finding of await audit({ databaseUrl, encryptionKeys, journal: expected, isSettled: isSettledNow }))
      report({ ...finding, kind: `copy: ${finding.kind}` });
  };
  await auditCopy(false);
  await compare(day, databaseUrl);

  say('  the load stops, and the second installation serves');
  await day.stopLoad();
  if (!(await until(() => isSettled(installation), maxSettlingMs)))
    report({ kind: 'settling', subject: 'installation', detail: `work is open ${maxSettlingMs / 1_000} s after the load` });
  // From here on, the copy executes again what was open in the backup.
  const calls = new Map(journal.toolCalls);
  const api = await installation.startExtra('api', place);
  await installation.startExtra('worker', place);
  const call = callWithin(api.url, 10_000);
  const tokens = new Map<string, string>();
  for (const login of new Set(uploads.map((upload) => upload.login)))
    tokens.set(login, (await call('POST', '/v1/auth/login', { body: { login, password: loadPassword } })).body?.access_token);
  for (const { key, login, content } of uploads) {
    const { status, text } = await call('GET', `/v1/attachments/${key}`, { token: tokens.get(login) });
    if (status !== 200 || text !== content)
      report({ kind: 'copy: write.lost', subject: key, detail: `upload: ${status} ${text.slice(0, 200)}` });
  }
  say(`  ${uploads.length} uploads were read from the copy`);
  if (!(await until(() => isSettled({ databaseUrl }), maxSettlingMs)))
    report({ kind: 'copy: settling', subject: 'second installation', detail: `work is open ${maxSettlingMs / 1_000} s after its start` });
  await auditCopy(true);
  await installation.stopExtras();
  journal.toolCalls = calls;
}

/** What has ended in the backup is the same in both: runs with their events, messages, and the entries of the ledger. */
const compared = {
  run: `select id, md5(status || (select string_agg(event_id::text || type, ',' order by seq) from run_events e where e.run_id = r.id)) as content
    from runs r where status in ('completed', 'failed', 'cancelled')`,
  message: `select id, md5(role || content) as content from messages`,
  'credit transaction': `select id, md5(account_id::text || amount || type || coalesce(note, '')) as content from credit_transactions`,
  user: `select id, md5(username || created_at) as content from users`,
};

async function compare({ installation, report, say }: Day, databaseUrl: string): Promise<void> {
  const counts: string[] = [];
  for (const [kind, sql] of Object.entries(compared)) {
    const [first, second] = await Promise.all(
      [installation.databaseUrl, databaseUrl].map(async (url) => {
        const rows = await query<{ id: string; content: string | null }>(url, sql);
        return new Map(rows.map(({ id, content }) => [id, content]));
      }),
    );
    for (const [id, content] of second!)
      if (content === null || first!.get(id) !== content)
        report({ kind: 'copy: difference', subject: `${kind} ${id}`, detail: `${content} in the copy, ${first!.get(id)} in the original` });
    counts.push(`${second!.size} ${kind}s`);
  }
  say(`  compared: ${counts.join(', ')}`);
}

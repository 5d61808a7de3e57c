import { callWithin, type HttpResponse } from '../../../client/conformance/call.ts';
import { billingScopes, runBillingScript } from '../../guides/billingScript.ts';
import { query } from '../../support/cluster/query.ts';
import type { Day } from '../dayContext.ts';

/** An admin creates a service key and subscriptions, and the script of the guide renews them with the key. */
export async function renewSubscriptions({ installation, load, report, withoutFailure }: Day): Promise<void> {
  const call = callWithin(installation.url, 10_000);
  const { login, password } = installation.admin;
  const { access_token: token } = (await must(call('POST', '/v1/auth/login', { body: { login, password } }))).body;
  const post = async (path: string, body: object) => (await must(call('POST', path, { token, body }))).body;
  const { key, id } = await post('/v1/admin/service-keys', { name: 'billing', scopes: billingScopes });
  const plan = await post('/v1/plans', { name: 'pro', display_name: 'Pro' });
  const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2026-02-01T00:00:00Z' };
  const paidUntil = '2099-02-01T00:00:00.000Z';
  const subscriptions = await Promise.all(
    load
      .users()
      .slice(0, 3)
      .map(
        async ({ accountId }) => (await post('/v1/subscriptions', { account_id: accountId, plan_id: plan.id, ...period })) as Subscription,
      ),
  );
  const payments = subscriptions.map(({ account_id }, at) => ({
    invoice: `invoice-${at}`,
    account_id,
    paid_until: paidUntil,
    credits: 500,
  }));
  await withoutFailure('the billing script', async () => {
    // Twice, as after a script that was interrupted.
    for (const repeated of ['once', 'again']) {
      const printed = await runBillingScript({ url: installation.url, key, payments });
      if (printed.length !== payments.length)
        report({ kind: 'billing', subject: repeated, detail: `it printed ${JSON.stringify(printed)} for ${payments.length} payments` });
    }
  });
  for (const { id: of, account_id } of subscriptions) {
    const { body } = await must(call('GET', `/v1/subscriptions/${of}`, { token }));
    if (body.current_period_end !== paidUntil)
      report({ kind: 'billing', subject: of, detail: `renewed until ${body.current_period_end}, paid until ${paidUntil}` });
    const paid = await query<{ note: string; amount: number }>(
      installation.databaseUrl,
      `select note, amount::int from credit_transactions where account_id = '${account_id}' and note like 'invoice-%'`,
    );
    if (paid.length !== 1 || paid[0].amount !== 500)
      report({ kind: 'billing', subject: account_id, detail: `its invoice is in the ledger as ${JSON.stringify(paid)}` });
  }
  await must(call('DELETE', `/v1/admin/service-keys/${id}`, { token }));
}

type Subscription = { id: string; account_id: string };

async function must(asked: Promise<HttpResponse>): Promise<HttpResponse> {
  const answer = await asked;
  if (answer.status >= 300) throw new Error(`the billing step got ${answer.status} ${answer.text}`);
  return answer;
}

import { chat, type ScriptedResponse, type Vendor } from '../agent/vendor.ts';
import { addVendorModel } from '../agent/vendorModel.ts';
import { onFileFinished } from '../app/fileCleanup.ts';
import type { Person, TestApp } from '../app/testApp.ts';
import { openStream, readAll } from '../http/events.ts';
import { setBalance } from './credits.ts';

/** USD 1 per 1,000 tokens: one token costs one credit. */
export const tokenPrices = { cost_per_1k_input: 1, cost_per_1k_output: 1 };

/** A response that starts and never ends. */
export const stalled: ScriptedResponse = { steps: [chat.text('a'), 'stall'] };

/** A response that uses 5 tokens. */
export const done: ScriptedResponse = {
  steps: [chat.text('Done.'), chat.stop(), chat.usage({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }), chat.done],
};

/** Creates users with a balance and a scripted model, and their calls. Model servers are closed after the last test of the file. */
export function customersOf(app: TestApp) {
  const { call, sql, signUp, url } = app;
  const vendors: Vendor[] = [];
  onFileFinished(() => Promise.all(vendors.map((vendor) => vendor.close())));
  return {
    vendors,
    async customer(balance: number, script: ScriptedResponse[], model: object = tokenPrices) {
      const person = await signUp();
      const vendor = await addVendorModel(app, person, model);
      vendors.push(vendor);
      vendor.respondWith(...script);
      await setBalance(app, person, balance);
      return person;
    },
    async creditsOf({ token }: Person) {
      const { balance, reserved, available } = (await call('GET', '/v1/me/credits', { token })).body;
      return { balance, reserved, available };
    },
    cancel: ({ token }: Person, runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token }),
    follow: ({ token }: Person, runId: string) => openStream(url, runId, { token }),
    /** Waits for the end of a run and returns its last event. */
    end: async (person: Person, runId: string) => (await readAll(url, runId, person.token)).at(-1)!,
    /** Credits due for all runs of an account, whether charged or recorded as shortfall. */
    async dueOf({ accountId }: Person): Promise<number> {
      const [{ due }] = await sql(
        `select coalesce(sum(shortfall), 0)::float8 - coalesce((
           select sum(amount) from credit_transactions where account_id = $1 and reference_type = 'run'), 0)::float8 as due
         from usage_records where account_id = $1`,
        [accountId],
      );
      return due;
    },
  };
}

import { afterAll } from 'vitest';
import { setBalance } from './credits.ts';
import { openStream, readAll } from './events.ts';
import { addModel } from './model.ts';
import { chat, type Scripted, type Vendor } from './vendor.ts';
import type { Person, World } from './world.ts';

/** A dollar per 1,000 tokens: a token is a credit. */
export const tokenPrices = { cost_per_1k_input: 1, cost_per_1k_output: 1 };

/** An answer that begins and never ends. */
export const stalled: Scripted = { steps: [chat.text('a'), 'stall'] };

/** An answer of 5 tokens. */
export const done: Scripted = {
  steps: [chat.text('Done.'), chat.stop(), chat.usage({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }), chat.done],
};

/** Customers of a world, with what they see and do; their model servers are closed after the last test of the file. */
export function customersOf(world: World) {
  const { call, sql, signUp, url } = world;
  const vendors: Vendor[] = [];
  afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));
  return {
    vendors,
    /** A person with a balance and a model whose answers are scripted. */
    async customer(balance: number, script: Scripted[], model: object = tokenPrices) {
      const person = await signUp();
      const vendor = await addModel(world, person, model);
      vendors.push(vendor);
      vendor.answers(...script);
      await setBalance(world, person, balance);
      return person;
    },
    async creditsOf({ token }: Person) {
      const { balance, reserved, available } = (await call('GET', '/v1/me/credits', { token })).body;
      return { balance, reserved, available };
    },
    cancel: ({ token }: Person, runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token }),
    follow: ({ token }: Person, runId: string) => openStream(url, runId, { token }),
    /** The last event of a run. */
    end: async (person: Person, runId: string) => (await readAll(url, runId, person.token)).at(-1)!,
    /** What all runs of an account were worth, paid or not. */
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

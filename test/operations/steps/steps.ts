import type { Day } from '../dayContext.ts';
import { backUp } from './backup.ts';
import { renewSubscriptions } from './billing.ts';
import { replaceKeys } from './keys.ts';
import { surviveOutages } from './outage.ts';
import { findTrace } from './trace.ts';
import { upgrade } from './upgrade.ts';

type Step = { what: string; live(day: Day): Promise<void> };

/** In the order of the day. */
export const steps = {
  upgrade: { what: 'from the last release to this version, process by process', live: upgrade },
  keys: { what: 'the encryption key and the signing secret are replaced', live: replaceKeys },
  outage: { what: 'a worker is killed, and the database stops and starts', live: surviveOutages },
  billing: { what: 'a script with a service key renews subscriptions', live: renewSubscriptions },
  trace: { what: 'the trace of a run, from the gateway to the model', live: findTrace },
  backup: { what: 'a backup is taken and restored into a second installation', live: backUp },
} satisfies Record<string, Step>;
export type StepName = keyof typeof steps;

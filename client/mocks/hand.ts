import { auth, bootstrap } from './auth.ts';
import { inviteCodes, redemptionCodes } from './codes.ts';
import type { Answered, Context } from './context.ts';
import { apiKeys, me, notifications } from './me.ts';
import { accounts, invitations } from './members.ts';
import { attachments, personas, reports, shares } from './more.ts';
import { runDetails, runs } from './runRoutes.ts';
import { messages, projects, threads } from './threads.ts';

type Behaviour = (context: Context) => Answered | Promise<Answered>;

// Each is checked against its own area where it is written; here they are called by name.
const areas = {
  ...{ accounts, apiKeys, attachments, auth, bootstrap, invitations, inviteCodes, me, messages, notifications },
  ...{ personas, projects, redemptionCodes, reports, runDetails, runs, shares, threads },
} as unknown as Record<string, Record<string, Behaviour> | undefined>;

/** The answer of the code that was written for a route; undefined where there is none. */
export function byHand(context: Context): Answered | Promise<Answered> | undefined {
  const [area, verb] = context.operation.id.split('.') as [string, string];
  return areas[area]?.[verb]?.(context);
}

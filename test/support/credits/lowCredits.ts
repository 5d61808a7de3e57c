import { pino } from 'pino';
import { announceLowCredits } from '../../../server/jobs/notices/announceLowCredits.ts';
import { type TestApp, testKeys } from '../app/testApp.ts';

/** Announces all crossings so far, as the worker does every ten seconds. */
export const announceCredits = ({ config, database }: Pick<TestApp, 'config' | 'database'>): Promise<void> =>
  announceLowCredits({ config, database, keys: testKeys, log: pino({ level: 'silent' }) });

import type { ProcessMetrics } from '../../metrics/processMetrics.ts';
import type { Config } from '../../platform/config/config.ts';
import type { LimiterKey } from '../../platform/limiterKey.ts';
import type { ReadinessChange } from '../../platform/readiness.ts';

/** What an API process must know besides its environment. `number` counts from 1. `config` is its share. */
export type ProcessStart = { number: number; config: Config; databaseUrl: string };

/** The limits that the primary process counts for all API processes. */
export type SharedLimit = { name: 'streams'; bucket: LimiterKey } | { name: 'hashes' };

/** Messages of the primary process to an API process. */
export type Command =
  | { type: 'start'; start: ProcessStart }
  | { type: 'readiness'; state: ReadinessChange }
  | { type: 'endStreams' }
  | { type: 'shutDown' }
  | { type: 'slot'; id: number; isGranted: boolean }
  | { type: 'metrics'; id: number };

/** Messages of an API process to the primary process. `failed` is the last one of a process. */
export type Report =
  | { type: 'listening'; address: string }
  | { type: 'failed'; failure: { isOperatorError: boolean; message: string; stack: string | undefined } }
  | { type: 'acquire'; id: number; limit: SharedLimit }
  | { type: 'release'; id: number }
  | { type: 'metrics'; id: number; metrics: ProcessMetrics };

import type { Fakes } from './fakes.ts';
import type { FaultQueue } from './http/faults.ts';
import type { State } from './state.ts';

/** What a mock consists of, without its runs, which use it. */
export type EngineBase = {
  state: State;
  fakes: Fakes;
  faults: FaultQueue;
  allowedOrigins: readonly string[];
  /** Credits of a new user. */
  credits: number;
  /** Saves the state if the mock persists it. Call it after changes that no request causes. */
  save(): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** ISO timestamp of now plus `laterMs`. */
  time(laterMs?: number): string;
};

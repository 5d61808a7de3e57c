import { StorageUnavailable } from '../storage/storage.ts';
import { ModelError } from './model.ts';

/** Error classes after which a run may be resumed. */
const resumable = new Set([
  'provider.retryable',
  'storage.unavailable',
  'run.deadline_exceeded',
  'worker.timeout',
  'worker.recovery_unavailable',
]);

type Facts = { cause?: unknown; code?: string | undefined; details?: Record<string, unknown> | undefined; reason?: string | undefined };

/** The error that ends a run: the data of `run.failed`. */
export class RunFailure extends Error {
  override name = 'RunFailure';
  readonly errorClass: string;
  readonly code: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly reason: string | undefined;
  constructor(errorClass: string, message: string, { cause, code, details, reason }: Facts = {}) {
    super(message, { cause });
    this.errorClass = errorClass;
    this.code = code;
    this.details = details;
    this.reason = reason;
  }
  get resumable(): boolean {
    return resumable.has(this.errorClass);
  }
}

/** Converts an exception inside a run. Hides the message of an unexpected exception. */
export function toRunFailure(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if (error instanceof ModelError) return new RunFailure(error.errorClass, error.message, { details: error.details });
  if (error instanceof StorageUnavailable)
    return new RunFailure('storage.unavailable', 'The files of the conversation cannot be read at the moment.');
  return new RunFailure('internal.error', 'The run failed for a reason of our own.');
}

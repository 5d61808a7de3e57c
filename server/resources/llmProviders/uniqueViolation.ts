import type { Failure } from '../../platform/failure.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';

const uniqueViolation = '23505';

/** Replaces a unique violation by the given error. */
export const onUniqueViolation =
  (refusal: () => Failure) =>
  (error: unknown): never => {
    throw errorCodeOf(error) === uniqueViolation ? refusal() : error;
  };

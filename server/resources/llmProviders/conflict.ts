import type { Failure } from '../../kernel/failure.ts';
import { codeOf } from '../../kernel/operatorError.ts';

const uniqueViolation = '23505';

/** Turns the database's word on a duplicate into a refusal. */
export const conflictAs =
  (refusal: () => Failure) =>
  (error: unknown): never => {
    throw codeOf(error) === uniqueViolation ? refusal() : error;
  };

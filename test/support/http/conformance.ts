import { expect } from 'vitest';
import type { HttpResponse } from '../../../client/conformance/call.ts';
import { differences, headerViolations, violationsOf } from '../../../client/conformance/check.ts';
import type { Route, Schema } from '../../../contract/shared/route.ts';

/** Fails if parsing a value with the schema would strip or change anything. */
export const expectExactly = (shape: Schema, value: unknown) => expect(differences(shape, value)).toEqual([]);

/** Checks the rules for all API responses, and that the contract declares this one. */
export const expectConforming = (route: Route, answer: HttpResponse) =>
  expect([...violationsOf(route, answer), ...headerViolations(route, answer)], answer.text.slice(0, 500)).toEqual([]);

import { expect } from 'vitest';
import type { Answer } from '../../client/conformance/call.ts';
import { differences, headerViolations, violationsOf } from '../../client/conformance/check.ts';
import type { Route, Schema } from '../../contract/shared/route.ts';

/** Whether a value is exactly what a schema declares: what it strips or changes was not declared. */
export const expectExactly = (shape: Schema, value: unknown) => expect(differences(shape, value)).toEqual([]);

/** Checks what holds for every answer of the API, and that the contract declares this one. */
export const expectConforming = (route: Route, answer: Answer) =>
  expect([...violationsOf(route, answer), ...headerViolations(route, answer)], answer.text.slice(0, 500)).toEqual([]);

import { parse } from 'node:querystring';
import type { Request } from 'express';
import { type ParsedInput, parseInput, type ValidationErrors } from '../../../contract/shared/input.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { invalid } from '../../platform/failure.ts';

/** Parses path, query and headers. Throws 400 with all issues at once. */
export function readInput(route: Route, params: Record<string, string>, req: Request): ParsedInput {
  const faults: ValidationErrors = { issues: [], details: {} };
  const question = req.url.indexOf('?');
  const query = question >= 0 ? { ...parse(req.url.slice(question + 1)) } : {};
  const input = parseInput(route, { params, query, headers: req.headers }, faults);
  if (faults.issues.length > 0) throw invalid(faults.issues, undefined, faults.details);
  return input;
}

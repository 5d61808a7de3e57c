import { parse } from 'node:querystring';
import type { Request } from 'express';
import { type Faults, type ParsedInput, parseInput } from '../../contract/shared/input.ts';
import type { Route } from '../../contract/shared/route.ts';
import { invalid } from '../kernel/failure.ts';

/** The path, query and header values of a request, parsed. Throws 400 with all that is wrong with them. */
export function readInput(route: Route, params: Record<string, string>, req: Request): ParsedInput {
  const faults: Faults = { issues: [], details: {} };
  const question = req.url.indexOf('?');
  const query = route.query && question >= 0 ? { ...parse(req.url.slice(question + 1)) } : {};
  const input = parseInput(route, { params, query, headers: req.headers }, faults);
  if (faults.issues.length > 0) throw invalid(faults.issues, undefined, faults.details);
  return input;
}

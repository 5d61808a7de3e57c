import type { Request } from 'express';
import { parseInput, parseValue, type ValidationErrors } from '../../../contract/shared/input.ts';
import { paramNames } from '../../../contract/shared/path.ts';
import { invalid } from '../../platform/failure.ts';
import { requirePermission } from '../access/authenticateRequest.ts';
import type { App } from '../app.ts';
import type { AuthenticatedRequest } from '../scope.ts';
import { writeDenial } from './audit.ts';
import type { HandlerResponse, RouteHandler } from './implement.ts';
import { AuditNotes, checkPermission, contextOf, loadResources, runInTransaction, runRead, scopeOf } from './operation.ts';

/** The request that carries the call. Its credential is checked again, except that an access token may have expired since. */
export type CallContext = { app: App; authenticated: AuthenticatedRequest; req: Request; signal: AbortSignal };

/**
 * Executes an operation for the caller of another one, with its permissions, resource loaders, transaction, quota and audit entry. `args` are the
 * parameters of path and query and the fields of the body, in one object. Throws what the operation would return as an error.
 */
export async function callOperation(
  { app, authenticated: caller, req, signal }: CallContext,
  handler: RouteHandler,
  args: Record<string, unknown>,
): Promise<HandlerResponse> {
  const { route } = handler;
  const notes = new AuditNotes();
  let authenticated: AuthenticatedRequest = { ...caller, params: {}, query: {}, headers: undefined, idempotencyKey: undefined };
  try {
    const access = await caller.recheckAccess({ expired: 'accept' });
    if (access) requirePermission(access, route.metadata.read);
    const { body, ...input } = readArguments(handler, args);
    authenticated = { ...authenticated, ...input, access };
    const scope = scopeOf(app, authenticated, notes);
    const loaded = await loadResources(handler, authenticated, scope);
    checkPermission(route, authenticated);
    const given = { ...authenticated, authenticated, loaded, body, req, signal: () => signal, releaseSlot: () => undefined };
    if (route.method === 'GET')
      return await runRead(app, route, authenticated, notes, scope, (own) => handler.handle({ ...given, scope: own }));
    return await runInTransaction(app, handler, authenticated, notes, undefined, (own) => handler.handle({ ...given, scope: own }));
  } catch (error) {
    await writeDenial(app, route.metadata.audit, contextOf(route, authenticated), error);
    throw error;
  }
}

/** Validates the arguments with the schemas of the route. Throws 400 with all issues, each at its path in `args`. */
function readArguments({ route }: RouteHandler, args: Record<string, unknown>) {
  const faults: ValidationErrors = { issues: [], details: {} };
  const names = paramNames(route.path);
  const queryNames = Object.keys(route.query?._zod.def.shape ?? {});
  const pick = (wanted: (name: string) => boolean) => Object.entries(args).filter(([name]) => wanted(name));
  // What is text in a URL. Other values fail the validation.
  const asText = ([name, value]: [string, unknown]) => [name, ['number', 'boolean'].includes(typeof value) ? String(value) : value];
  const params = Object.fromEntries(pick((name) => names.includes(name)).map(([name, value]) => [name, encode(value)]));
  const query = Object.fromEntries(pick((name) => queryNames.includes(name)).map(asText));
  const rest = Object.fromEntries(pick((name) => !names.includes(name) && !queryNames.includes(name)));
  const input = parseInput(route, { params, query, headers: {} }, faults);
  const body = route.method !== 'GET' && route.body ? parseValue(route.body, rest, 'body', faults.issues, faults.details) : undefined;
  if (!route.body)
    for (const name of Object.keys(rest)) faults.issues.push({ location: 'body', path: `/${name}`, message: 'is not known' });
  const issues = faults.issues.map((issue) => ({
    ...issue,
    location: 'body' as const,
    path: issue.location === 'body' ? issue.path : `/${issue.path}`,
  }));
  if (issues.length > 0) throw invalid(issues, undefined, faults.details);
  return { ...input, accountId: undefined, body };
}

/** As in a path, whose parameters are decoded. A lone surrogate cannot be encoded and is no ID. */
const encode = (value: unknown): string => (typeof value === 'string' && value.isWellFormed() ? encodeURIComponent(value) : '');

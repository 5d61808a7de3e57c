import { type CheckContext, note, type Result } from '../exchange.ts';
import { operations } from '../operations.ts';
import { unknownPath } from '../sample.ts';

const methodsOf = (path: string) => operations.filter(({ route }) => route.path === path).map(({ route }) => route.method as string);

/** 405 for a method that the path does not have. Checked once per path, with its first operation. */
export async function checkMethods(kit: CheckContext, result: Result) {
  const { route } = result.operation;
  const declared = methodsOf(route.path);
  const other = ['PUT', 'PATCH', 'DELETE', 'POST'].find((method) => !declared.includes(method));
  if (route.method !== declared[0] || !other) return;
  const path = unknownPath(route);
  const answer = await kit.call(other, path);
  if (answer.status !== 405) return note(result, 'request.method', path, answer, `expected 405 for ${other}`);
  const allowed = (answer.headers.get('allow') ?? '').split(',').map((method) => method.trim());
  const missing = declared.filter((method) => !allowed.includes(method));
  const undeclared = allowed.filter((method) => !declared.includes(method) && !['HEAD', 'OPTIONS', ''].includes(method));
  if (missing.length > 0) note(result, 'request.method', path, answer, `Allow lacks ${missing.join(', ')}`);
  if (undeclared.length > 0)
    note(result, 'request.method', path, answer, `Allow lists ${undeclared.join(', ')}, which the path does not have`);
}

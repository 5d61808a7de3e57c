import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { errorFields } from '../../../server/platform/telemetry/log.ts';

const source = new URL('../../../server/platform/telemetry/log.ts', import.meta.url).href;

function logged(statement: string): Record<string, unknown> {
  const script = `const { openLog } = await import(${JSON.stringify(source)}); const log = openLog({ logLevel: 'info', logMode: 'json' }); ${statement}`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })) as Record<string, unknown>;
}

test('a log record is one JSON object per line, and secrets in it are masked', () => {
  const record = logged(
    "log.debug('hidden'); log.info({ token: 'abc', req: { headers: { authorization: 'Bearer abc', host: 'x' } } }, 'seen')",
  );
  expect(record).toMatchObject({ msg: 'seen', token: '******', req: { headers: { authorization: '******', host: 'x' } } });
  expect(record.time).toMatch(/^\d{4}-.*Z$/);
});

test('an error is logged without unrelated properties', () => {
  const error = Object.assign(new Error('lost', { cause: new Error('cut') }), { code: '57P01', client: { password: 'hunter2' } });
  expect(errorFields(error)).toMatchObject({ type: 'Error', message: 'lost', code: '57P01', cause: { message: 'cut' } });
  expect(JSON.stringify(errorFields(error))).not.toContain('hunter2');
  expect(logged("log.error({ err: Object.assign(new Error('lost'), { client: 1 }) }, 'x')").err).not.toHaveProperty('client');
});

test('user input stays within its log line', () => {
  const typed = 'a\n{"level":60,"msg":"all is well"}\r\n\u2028\u001b[2J';
  expect(logged(`log.warn({ login: ${JSON.stringify(typed)} }, ${JSON.stringify(typed)})`)).toMatchObject({
    login: typed,
    msg: typed,
    level: 40,
  });
});

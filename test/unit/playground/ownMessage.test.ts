import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isOwnMessage } from '../../../docs/playground/src/components/ownMessage.ts';

const server = fileURLToPath(new URL('../../../server/', import.meta.url));

test("the server's own messages about a model call are not shown as a quote of the provider", () => {
  const sources = globSync('{agent,models}/**/*.ts', { cwd: server }).map((path) => readFileSync(server + path, 'utf8'));
  const thrown = sources.flatMap((source) => [...source.matchAll(/new (?:ModelError|RunFailure)\(\s*'provider\.\w+',\s*'([^']+)'/g)]);
  const messages = thrown.map(([, message]) => message!);
  expect(messages).toContain('The newest input alone is too large for the model.');
  expect(messages.filter((message) => !isOwnMessage(message))).toEqual([]);
  expect(isOwnMessage("This model's maximum context length is 128000 tokens.")).toBe(false);
});

import { expect, test } from 'vitest';
import { type PendingQuestion, questionAnswer, questionFields } from '../../../client/index.ts';

const asked: Omit<PendingQuestion, 'requestedSchema'> = {
  ...{ request_id: 'r', reason: 'ask_user', message: 'Where to?', timeout_ms: 1, expires_at: '2026-01-02T03:04:05.678Z' },
};
const question: PendingQuestion = {
  ...asked,
  requestedSchema: {
    properties: {
      seats: { type: 'integer', minimum: 1, maximum: 4, default: 2 },
      town: { type: 'string', title: 'Town', description: 'With a harbor', minLength: 2, maxLength: 40 },
      mail: { type: 'string', format: 'email' },
      quiet: { type: 'boolean' },
      class: { type: 'string', enum: ['1', '2'], enumNames: ['First', 'Second'] },
      meals: { type: 'array', items: { anyOf: [{ const: 'v', title: 'Vegan' }] } },
      price: { type: 'number' },
    },
    required: ['town'],
    _fieldOrder: ['town', 'seats', 'mail', 'quiet', 'class', 'meals', 'price', 'gone'],
  },
};
const formOf = (...values: [string, string][]) => {
  const form = new FormData();
  for (const [name, value] of values) form.append(name, value);
  return form;
};

test('the fields of a question are in its order, with labels, choices and limits', () => {
  const fields = questionFields(question);
  expect(fields.map(({ key }) => key)).toEqual(['town', 'seats', 'mail', 'quiet', 'class', 'meals', 'price']);
  expect(fields[0]).toMatchObject({
    label: 'Town',
    hint: 'With a harbor',
    required: true,
    choices: [],
    limits: { minLength: 2, maxLength: 40 },
  });
  expect(fields[1]).toMatchObject({ label: 'seats', hint: undefined, required: false, preset: 2, limits: { min: 1, max: 4 } });
  expect(fields[2]!.inputType).toBe('email');
  expect(fields[4]!.choices).toEqual([
    { value: '1', label: 'First' },
    { value: '2', label: 'Second' },
  ]);
  expect(fields[5]!.choices).toEqual([{ value: 'v', label: 'Vegan' }]);
  expect(questionFields(asked)).toEqual([]);
});

test('the answer has the types of the fields, and leaves out what is empty', () => {
  const filled = formOf(
    ['town', 'Porto'],
    ['seats', '3'],
    ['mail', ''],
    ['quiet', 'true'],
    ['class', '2'],
    ['meals', 'v'],
    ['price', '1.5'],
  );
  expect(JSON.parse(questionAnswer(question, filled))).toEqual({
    ...{ town: 'Porto', seats: 3, quiet: true, class: '2', meals: ['v'], price: 1.5 },
  });
  const sparse = formOf(['town', 'Porto'], ['seats', ''], ['price', '']);
  expect(JSON.parse(questionAnswer(question, sparse))).toEqual({ town: 'Porto', quiet: false, meals: [] });
  const mcp_server = { id: '0198c0de-0000-7000-8000-000000000001', name: 'trains' };
  expect(JSON.parse(questionAnswer({ ...question, mcp_server }, sparse))).toEqual({ town: 'Porto', quiet: false });
});

test('a question without fields takes a text, or the confirmation for a tool server', () => {
  expect(questionAnswer(asked, formOf(['content', 'To Porto']))).toBe('To Porto');
  expect(questionAnswer({ mcp_server: { id: 's', name: 'trains' } }, formOf())).toBe('{}');
});

import { expect, test } from 'vitest';
import { hasControls, jsonLine, portablePath, printable, printableJson } from '../../../contract/shared/text.ts';

const hostile = 'a\u001b]52;c;aGk=\u0007\u009b2J\u007f\u202egnp.exe\u2066\n\tשלום 👩‍👩‍👧 é';

test('a text to be shown has no controls and nothing that reorders what is around it; line feed and tab stay', () => {
  expect(printable(hostile)).toBe('a]52;c;aGk=2Jgnp.exe\n\tשלום 👩‍👩‍👧 é');
  expect(hasControls(printable(hostile).replace(/[\n\t]/g, ''))).toBe(false);
  for (const control of ['\0', '\u001b', '\u007f', '\u0085', '\u202a', '\u202e', '\u2066', '\u2069'])
    expect(hasControls(`a${control}`)).toBe(true);
});

test('JSON keeps its meaning', () => {
  const value = { text: `${hostile}\u0085\u2028\u2029` };
  expect(JSON.parse(printableJson(JSON.stringify(value)))).toEqual(value);
  expect(JSON.parse(jsonLine(value))).toEqual(value);
  expect(jsonLine(value)).not.toMatch(/[\u0085\u2028\u2029]/);
});

test('a path in an archive keeps its folders', () => expect(portablePath('/C:/a\u202e\nb?.txt')).toBe('/C_/a__b_.txt'));

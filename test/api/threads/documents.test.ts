import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openScriptedThread, promptOf } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { stage } from '../../support/http/forms.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { zipOf } from '../../support/http/zip.ts';

const app = await startTestApp();
const person = await app.signUp();
const upload = (filename: string, content: Buffer, type = 'application/octet-stream') => stage(app, person, { filename, type, content });

/** A PDF with a page for each content stream. */
function pdfOf(...streams: Buffer[]): Buffer {
  const kids = streams.map((_, at) => `${3 + 2 * at} 0 R`).join(' ');
  const objects: (string | Buffer)[][] = [
    ['<</Type/Catalog/Pages 2 0 R>>'],
    [`<</Type/Pages/Count ${streams.length}/Kids[${kids}]>>`],
    ...streams.flatMap((stream, at) => {
      const packed = deflateSync(stream);
      const font = '/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>';
      return [
        [`<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<${font}>>/Contents ${4 + 2 * at} 0 R>>`],
        [`<</Length ${packed.length}/Filter/FlateDecode>>stream\n`, packed, '\nendstream'],
      ];
    }),
  ];
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let length = parts[0]!.length;
  objects.forEach((object, at) => {
    offsets.push(length);
    const bytes = Buffer.concat([`${at + 1} 0 obj\n`, ...object, '\nendobj\n'].map((part) => Buffer.from(part as string)));
    parts.push(bytes);
    length += bytes.length;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  parts.push(Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${table}trailer<</Size ${size}/Root 1 0 R>>\nstartxref\n${length}\n%%EOF`));
  return Buffer.concat(parts);
}
const says = (text: string) => Buffer.from(`BT /F1 12 Tf 20 200 Td (${text}) Tj ET`);

const rels = (...links: [type: string, target: string][]) =>
  `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${links
    .map(
      ([type, target], at) =>
        `<Relationship Id="r${at + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/>`,
    )
    .join('')}</Relationships>`;
const types = { path: '[Content_Types].xml', content: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>' };
const word = (...paragraphs: string[]) => [
  types,
  { path: '_rels/.rels', content: rels(['officeDocument', 'word/document.xml']) },
  {
    path: 'word/document.xml',
    content: `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${paragraphs
      .map((text) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`)
      .join('')}</w:body></w:document>`,
  },
];
const sheet = [
  types,
  { path: '_rels/.rels', content: rels(['officeDocument', 'xl/workbook.xml']) },
  { path: 'xl/_rels/workbook.xml.rels', content: rels(['worksheet', 'worksheets/sheet1.xml']) },
  {
    path: 'xl/workbook.xml',
    content:
      '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Tides" sheetId="1" r:id="r1"/></sheets></workbook>',
  },
  {
    path: 'xl/worksheets/sheet1.xml',
    content:
      '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Port</t></is></c><c r="B1" t="inlineStr"><is><t>Metres</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>Brest</t></is></c><c r="B2"><v>6.5</v></c></row></sheetData></worksheet>',
  },
];
const slide = (number: number, text: string) => ({
  path: `ppt/slides/slide${number}.xml`,
  content: `<p:sld xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><a:p><a:r><a:t>${text}</a:t></a:r><a:r><a:t>, continued</a:t></a:r></a:p></p:sld>`,
});

test('the text of PDF and Office documents is extracted, and the model reads it', async () => {
  const files: [name: string, content: Buffer, text: string][] = [
    ['tides.pdf', pdfOf(says('High tide'), says('at noon')), 'High tide\n\nat noon'],
    ['letter.docx', zipOf(...word('Dear harbor,', 'tides &amp; moons.')), 'Dear harbor,\n\ntides & moons.'],
    ['tides.xlsx', zipOf(...sheet), '# Tides\nPort\tMetres\nBrest\t6.5'],
    ['talk.pptx', zipOf(slide(10, 'Last'), slide(2, 'First')), '# Slide 2\nFirst, continued\n\n# Slide 10\nLast, continued'],
  ];
  const staged = [];
  for (const [name, content, text] of files) {
    const { status, body } = await upload(name, content);
    expect([name, status, body.kind, body.extracted_text]).toEqual([name, 201, 'file', text]);
    staged.push(body);
  }
  const read = await app.call('GET', `/v1/attachments/${staged[0].key}`, { token: person.token });
  expect(read.headers.get('content-type')).toBe('application/pdf');
  expect(read.headers.get('content-disposition')).toMatch(/^attachment;/);

  const talk = await openScriptedThread(app, { person, script: [chat.answer('Noted.')] });
  const parts = staged.map(({ key, filename, mime_type, size, extracted_text }, at) => {
    const attachment = { key, filename, mime_type, size };
    // A message without the text gets the one that was stored with the file.
    return { type: 'file', attachment, ...(at % 2 === 0 && { extracted_text }) };
  });
  const sent = await app.call('POST', `/v1/threads/${talk.threadId}/messages`, { token: person.token, body: { content_json: { parts } } });
  expect(sent.status).toBe(201);
  await talk.run();
  const asked = promptOf(talk, 0).at(-1)!.content;
  for (const [name, , text] of files) expect(asked).toContain(`[file: ${name}]\n${text}`);
});

test('the documents of one account are read one after the other, and too many at once are refused', async () => {
  const other = await app.signUp();
  const large = pdfOf(Buffer.alloc(2 ** 20, ' '));
  const slow = () => upload('large.pdf', large);
  const many = await Promise.all([
    ...Array.from({ length: 6 }, slow),
    stage(app, other, { filename: 'a.pdf', type: '', content: pdfOf(says('x')) }),
  ]);
  const answers = many.slice(0, -1).map(statusAndReason);
  expect(answers).toContainEqual([503, 'overloaded']);
  expect(answers.filter(([status]) => status !== 503).length).toBeGreaterThanOrEqual(1);
  expect(many.at(-1)!.status).toBe(201);
});

test('long documents are cut with a note, and those without text say so', async () => {
  const long = await upload('long.docx', zipOf(...word(...Array.from({ length: 3_000 }, (_, at) => `Line ${at}.`))));
  expect([...long.body.extracted_text]).toHaveLength(12_000);
  expect(long.body.extracted_text).toMatch(/^Line 0\.[^]*\n\[The document continues\.\]$/);
  const empty = await upload('scan.pdf', pdfOf(Buffer.from('0 0 10 10 re f')));
  expect(empty.body.extracted_text).toBe('[The document contains no text. It may consist of pictures.]');
});

test('damaged, hostile and misnamed documents are rejected with the reason', async () => {
  const pdf = pdfOf(says('x'));
  const locked = Buffer.from(
    pdf.toString('latin1').replace('/Root 1 0 R', '/Root 1 0 R/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<00>/U<00>>>'),
    'latin1',
  );
  // A cell in column 8 × 10⁹: the reader of tables fills the row up to it.
  const wide = sheet.map((part) => ({
    path: part.path,
    content: part.content.replace(/<row r="1">.*<\/row>/, '<row r="1"><c r="ZZZZZZZ1" t="str"><v>x</v></c></row>'),
  }));
  const bomb = { path: 'word/media/x', content: Buffer.alloc(80 * 2 ** 20) };
  const files: [name: string, content: Buffer, message: RegExp][] = [
    ['cut.pdf', Buffer.from('%PDF-1.7'), /damaged/],
    ['locked.pdf', locked, /damaged|password/],
    ['bomb.pdf', pdfOf(Buffer.alloc(450 * 2 ** 20, ' ')), /too large when unpacked|takes too long/],
    ['cut.docx', zipOf(...word('x')).subarray(0, -30), /not a readable zip/],
    ['other.docx', zipOf({ path: 'readme.txt', content: 'x' }), /damaged/],
    ['other.pptx', zipOf({ path: 'readme.txt', content: 'x' }), /damaged/],
    ['bomb.docx', zipOf(...word('x'), bomb), /too large when unpacked|takes too long/],
    ['wide.xlsx', zipOf(...wide), /too complex|too large when unpacked|takes too long/],
    ['text.pdf', Buffer.from('no PDF'), /cannot be attached/],
  ];
  for (const [name, content, message] of files) {
    const answer = await upload(name, content);
    expect([name, ...statusAndReason(answer)]).toEqual([name, 400, 'unsupported_attachment']);
    expect(answer.body.details.issues[0].message, name).toMatch(message);
  }
  expect((await upload('large.pdf', Buffer.concat([pdf, Buffer.alloc(10 * 2 ** 20)]))).status).toBe(413);
  expect((await upload('fine.pdf', pdf)).status).toBe(201);
});

import type { Highlight } from '../pages/highlight.ts';
import { escapeHtml } from '../pages/html.ts';
import { codeBlock, renderInline, renderParagraphs } from '../pages/markdown.ts';
import { examplesOf, type Media, type Operation, type Reference, type Response } from './document.ts';
import { languages, samplesOf } from './samples.ts';
import { fieldsHtml, schemaHtml } from './schema.ts';
import { tryItForm } from './tryIt.ts';

type Tools = { resolve: Reference['resolve']; highlight: Highlight };

/** Everything about one operation: the text beside the samples. */
export function operationHtml(operation: Operation, tools: Tools): string {
  const { id, method, path, summary, description, alias, call, guide } = operation;
  return `<section class="operation" aria-label="${escapeHtml(summary)}">
<div class="about">
<h2 id="${id}">${renderInline(summary)}${operation.deprecated ? ' <span class="deprecated">deprecated</span>' : ''} <a class="anchor" href="#${id}" aria-label="Link to this operation">#</a></h2>
<p class="endpoint">${methodHtml(method)} <code>${pathHtml(path)}</code></p>
${renderParagraphs(description)}
${factsHtml(operation)}${guide === undefined ? '' : `<p><a href="${escapeHtml(guide)}">Guide: how to ${renderInline(summary.charAt(0).toLowerCase() + summary.slice(1))}</a></p>\n`}${alias === undefined ? '' : `<p class="limits">Also served at <code>${pathHtml(alias)}</code></p>\n`}
${parametersHtml(operation, tools)}${bodyHtml(operation, tools)}${responsesHtml(operation, tools)}
</div>
<div class="samples-column">
${call === undefined ? '' : `${samplesHtml(operation, tools)}\n${tryItForm(operation, tools.resolve)}\n`}${exampleHtml(operation, tools)}
</div>
</section>
`;
}

export const methodHtml = (method: string) => `<span class="method ${method.toLowerCase()}">${method}</span>`;

/** Lets a long path break before each of its parts. */
export const pathHtml = (path: string) =>
  escapeHtml(path)
    .replace(/(?<=.)[/:{]/g, '<wbr>$&')
    .replaceAll('<wbr>/<wbr>{', '<wbr>/{')
    .replaceAll('/<wbr>{', '/{');

function factsHtml({ auditAction, call }: Operation): string {
  if (call === undefined) return '';
  const facts = [['Client', `client.${call}`], ...(auditAction === undefined ? [] : [['Audit log', auditAction]])];
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd><code>${escapeHtml(value!)}</code></dd></div>`).join('')}</dl>\n`;
}

function parametersHtml({ parameters }: Operation, { resolve }: Tools): string {
  if (parameters.length === 0) return '';
  const fields = parameters.map(({ name, in: place, required, deprecated, description, schema }) => ({
    name,
    place,
    required: required === true,
    deprecated,
    schema: description === undefined ? schema : { ...schema, description },
  }));
  return `<h3>Parameters</h3>\n${fieldsHtml(fields, resolve)}\n`;
}

function bodyHtml({ body }: Operation, { resolve }: Tools): string {
  if (!body) return '';
  return `<h3>Body${body.required ? '' : ' <span class="place">optional</span>'}</h3>\n${schemaHtml(body.schema, resolve, body.type)}\n`;
}

const isSuccess = (status: string) => /^[23]/.test(status);

function responsesHtml({ responses }: Operation, { resolve, highlight }: Tools): string {
  const rows = Object.entries(responses).sort(([a], [b]) => a.localeCompare(b));
  const successes = rows
    .filter(([status]) => isSuccess(status))
    .map(([status, response], at) => successHtml(status, response, at === 0, resolve));
  const errors = rows.filter(([status]) => !isSuccess(status)).map(([status, response]) => errorHtml(status, response, highlight));
  const errorList = errors.length === 0 ? '' : `<h3>Errors</h3>\n${errors.join('\n')}\n`;
  return `<h3>Responses</h3>\n${successes.join('\n')}\n${errorList}`;
}

const statusHtml = (status: string) => `<code class="status s${status[0]}">${status}</code>`;

function successHtml(
  status: string,
  { description, headers = {}, content = {} }: Response,
  isOpen: boolean,
  resolve: Reference['resolve'],
): string {
  const fields = Object.entries(headers).map(([name, header]) => ({
    name,
    required: false,
    schema: { ...header.schema, ...(header.description !== undefined && { description: header.description }) },
  }));
  // One representation in several types has one schema.
  const [type, media] = Object.entries(content)[0] ?? [];
  const body = type === undefined || media === undefined ? '' : schemaHtml(media.schema, resolve, type);
  const headerList =
    fields.length === 0 ? '' : `<details class="nested"><summary>Headers</summary>${fieldsHtml(fields, resolve)}</details>`;
  return `<details class="response"${isOpen ? ' open' : ''}><summary>${statusHtml(status)} ${renderInline(description)}</summary>
<div>${body}${headerList || (body ? '' : '<p>The response has no body.</p>')}</div></details>`;
}

function errorHtml(status: string, { description, content = {} }: Response, highlight: Highlight): string {
  const examples = Object.values(content).flatMap((media) => examplesOf(media));
  const shown = examples.map(
    ([name, value]) =>
      `${examples.length > 1 ? `<p class="limits"><code>${escapeHtml(name)}</code></p>` : ''}${jsonBlock(value, highlight)}`,
  );
  return `<details class="response"><summary>${statusHtml(status)} ${renderInline(description)}</summary>
<div>${shown.join('') || '<p>See <a href="/docs/guides/errors">Errors</a>.</p>'}</div></details>`;
}

const jsonBlock = (value: unknown, highlight: Highlight) =>
  typeof value === 'string' ? codeBlock(value.trimEnd(), 'text', highlight) : codeBlock(JSON.stringify(value, null, 2), 'json', highlight);

/** One set of tabs without a script: a radio button for each language. A script keeps them in step and remembers the choice. */
function samplesHtml(operation: Operation, { resolve, highlight }: Tools): string {
  const samples = samplesOf(operation, resolve);
  const tabs = languages.map(
    ({ language, title }, at) =>
      `<label><input type="radio" name="sample-${operation.id}" value="${language}"${at === 0 ? ' checked' : ''}>${title}</label>`,
  );
  const panels = languages.map(
    ({ language, title }) =>
      `<div class="panel" data-language="${language}" role="group" aria-label="Sample: ${title}">${codeBlock(samples[language], language, highlight)}</div>`,
  );
  return `<fieldset class="samples"><legend>Request</legend><div class="tabs">${tabs.join('')}</div>\n${panels.join('\n')}</fieldset>`;
}

/** The example of the first successful response, or of what a webhook sends. */
function exampleHtml({ responses, body, call }: Operation, { highlight }: Tools): string {
  const shown = (title: string, media: Media | undefined) => {
    const [first] = media ? examplesOf(media) : [];
    return first ? `<div class="example"><h3>${title}</h3>${jsonBlock(first[1], highlight)}</div>` : '';
  };
  if (call === undefined) return shown('Body', body);
  const [status, response] = Object.entries(responses).find(([each]) => isSuccess(each)) ?? [];
  return shown(`Response ${status}`, Object.values(response?.content ?? {})[0]);
}

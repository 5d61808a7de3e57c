import { escapeHtml } from '../pages/html.ts';
import { examplesOf, type Operation, type Parameter, type Schema } from './document.ts';
import { typeLabel } from './schema.ts';

type Resolve = (schema: Schema) => Schema;

/** The form that sends a request. It stays hidden until its script runs, because it does nothing without. */
export function tryItForm(operation: Operation, resolve: Resolve): string {
  const { id, method, path, credential, body, parameters } = operation;
  const fields = parameters.filter(({ in: place }) => place !== 'cookie').map((parameter) => parameterField(id, parameter, resolve));
  return `<details class="try" hidden><summary>Try it</summary>
<form data-method="${method}" data-path="${escapeHtml(path)}" data-credential="${credential}"${body ? ` data-type="${escapeHtml(body.type)}"` : ''}>
${credential === 'none' ? '' : credentialField(id, credential)}${fields.join('')}${bodyField(operation)}
<div class="actions"><button type="submit" class="primary">Send request</button><button type="button" class="stop" hidden>Stop</button></div>
<div class="result" role="status"></div>
</form></details>`;
}

function credentialField(id: string, credential: Operation['credential']): string {
  const allowed = credential === 'token' ? 'an access token' : 'an API key or access token';
  return `<label for="try-${id}-credential">Credential</label>
<input id="try-${id}-credential" class="credential" type="password" autocomplete="off" spellcheck="false" aria-describedby="try-${id}-hint">
<p class="hint" id="try-${id}-hint">Leave this empty to use your session of the playground, or enter ${allowed}. It is kept until you leave the page.</p>
`;
}

function parameterField(id: string, { name, in: place, required, schema: given }: Parameter, resolve: Resolve): string {
  const schema = resolve(given);
  const key = `try-${id}-${place}-${name}`;
  const attributes = `id="${key}" data-in="${place}" name="${escapeHtml(name)}"${required === true ? ' required' : ''}`;
  const label = `<label for="${key}"><code>${escapeHtml(name)}</code> <span class="place">${place}</span>${required === true ? ' <span class="required">required</span>' : ''}</label>\n`;
  const values = schema.enum ?? (schema.type === 'boolean' ? [true, false] : undefined);
  if (!values)
    return `${label}<input ${attributes} autocomplete="off" spellcheck="false" placeholder="${escapeHtml(typeLabel(given, resolve))}">\n`;
  const options = values.map((value) => `<option>${escapeHtml(String(value))}</option>`).join('');
  return `${label}<select ${attributes}>${required === true ? '' : '<option value="">(none)</option>'}${options}</select>\n`;
}

function bodyField({ id, body }: Operation): string {
  if (!body) return '';
  const key = `try-${id}-body`;
  if (body.type === 'multipart/form-data')
    return `<label for="${key}"><code>file</code> <span class="required">required</span></label>\n<input id="${key}" name="file" type="file" required>\n`;
  const text = JSON.stringify(examplesOf(body)[0]?.[1] ?? {}, null, 2);
  const rows = Math.min(16, text.split('\n').length + 1);
  return `<label for="${key}">Body <span class="place">JSON</span></label>\n<textarea id="${key}" name="body" rows="${rows}" spellcheck="false" autocomplete="off">${escapeHtml(text)}</textarea>\n`;
}

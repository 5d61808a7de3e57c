// "Try it": sends the request of a form to this server and shows the response. A credential stays in the memory of the page.

let session;

/** An access token from the session cookie of the playground. The cookie itself is not readable for scripts. */
async function sessionToken() {
  if (session && session.expires > Date.now() + 10_000) return session.token;
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch('/v1/auth/refresh', { method: 'POST', keepalive: true });
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) {
      session = { token: body.access_token, expires: Date.now() + body.expires_in * 1000 };
      return session.token;
    }
    // The playground has just renewed the session in another tab: the browser has the new cookie in a moment.
    if (body.details?.reason !== 'token_rotated' || attempt === 2) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

class InputProblem extends Error {}

function requestOf(form) {
  const { method, path: template, type } = form.dataset;
  const headers = new Headers();
  const query = new URLSearchParams();
  let path = template;
  for (const field of form.querySelectorAll('[data-in]')) {
    const { name, value } = field;
    if (value === '') continue;
    if (field.dataset.in === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (field.dataset.in === 'query') query.append(name, value);
    else headers.set(name, value);
  }
  const search = query.size > 0 ? `?${query}` : '';
  const init = { method, headers };
  const { body, file } = form.elements;
  if (type === 'multipart/form-data') {
    init.body = new FormData();
    init.body.append('file', file.files[0]);
  } else if (body && body.value.trim() !== '') {
    try {
      JSON.parse(body.value);
    } catch (error) {
      throw new InputProblem(`The body is not JSON: ${error.message}`);
    }
    headers.set('content-type', 'application/json');
    init.body = body.value;
  }
  return { url: path + search, init };
}

async function authorize(form, headers) {
  if (form.dataset.credential === 'none') return;
  const credential = form.querySelector('.credential').value.trim() || (await sessionToken());
  if (!credential) throw new InputProblem('You are not signed in. Enter a credential, or sign in to the playground in this browser.');
  headers.set('authorization', `Bearer ${credential}`);
}

function showProblem(result, message) {
  result.replaceChildren(create('p', { class: 'problem' }, message));
}

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

async function showResponse(result, response, ms) {
  const kind = response.ok ? 's2' : 's4';
  const status = create(
    'p',
    {},
    create('code', { class: `status ${kind}` }, `${response.status} ${response.statusText}`.trim()),
    ` after ${ms} ms`,
  );
  const output = create('code');
  result.replaceChildren(status, create('pre', { tabindex: '0', 'aria-label': 'Response' }, output));
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      output.append(chunk);
      output.parentElement.scrollTop = output.parentElement.scrollHeight;
    }
  } else if (/json|^text\//.test(type)) output.textContent = pretty(await response.text());
  else if (response.status === 204) output.textContent = '(no body)';
  else {
    const blob = await response.blob();
    output.textContent = `${blob.size} bytes, ${type}`;
    if (blob.size > 0) result.append(create('a', { href: URL.createObjectURL(blob), download: 'file' }, 'Download'));
  }
}

async function run(form, button, stop) {
  const result = form.querySelector('.result');
  const aborter = new AbortController();
  const onStop = () => aborter.abort();
  stop.addEventListener('click', onStop);
  button.disabled = true;
  try {
    const { url, init } = requestOf(form);
    await authorize(form, init.headers);
    stop.hidden = false;
    const began = performance.now();
    const response = await fetch(url, {
      ...init,
      signal: aborter.signal,
      credentials: url.startsWith('/v1/auth/') ? 'same-origin' : 'omit',
    });
    if (response.status === 401) session = undefined;
    await showResponse(result, response, Math.round(performance.now() - began));
  } catch (error) {
    if (error instanceof InputProblem) showProblem(result, error.message);
    else if (aborter.signal.aborted) result.append(create('p', {}, 'Stopped.'));
    else showProblem(result, `No response was received: ${error.message}`);
  } finally {
    stop.removeEventListener('click', onStop);
    stop.hidden = true;
    button.disabled = false;
  }
}

for (const details of document.querySelectorAll('details.try')) {
  const form = details.querySelector('form');
  const button = form.querySelector('.primary');
  const stop = form.querySelector('.stop');
  const isDeletion = form.dataset.method === 'DELETE';
  let isConfirmed = false;
  const ask = (wanted) => {
    isConfirmed = wanted;
    button.textContent = wanted ? 'Confirm: delete' : 'Send request';
    button.classList.toggle('danger', wanted);
  };
  form.addEventListener('input', () => ask(false));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (isDeletion && !isConfirmed) return ask(true);
    ask(false);
    run(form, button, stop).catch((error) => showProblem(form.querySelector('.result'), error.message));
  });
  details.hidden = false;
}

// One credential for all forms of the page.
document.querySelector('main').addEventListener('input', ({ target }) => {
  if (!target.matches('input.credential')) return;
  for (const other of document.querySelectorAll('input.credential')) other.value = target.value;
});

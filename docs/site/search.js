// The search over guides and reference. Its library and entries are loaded when it is opened first.

const version = new URL(import.meta.url).search;
const maxResults = 30;

/** @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Words that people use for the words of the documents. */
const synonyms = {
  login: ['sign'],
  signin: ['sign'],
  signup: ['register'],
  logout: ['sign', 'out'],
  upload: ['stage'],
  remove: ['delete', 'revoke'],
  delete: ['close', 'revoke'],
  fetch: ['retrieve'],
  get: ['retrieve'],
  sse: ['stream'],
  abort: ['cancel'],
  stop: ['cancel'],
  env: ['environment'],
  throttle: ['limit'],
  pause: ['cancel'],
  close: ['delete'],
};

/** The stem of an English word, roughly: `streaming`, `streams` and `stream` are the same. */
export function stem(word) {
  const plain = word.toLowerCase();
  if (plain.length < 5) return plain.length > 3 ? plain.replace(/([^s])s$/, '$1') : plain;
  return plain
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/([^s])s$/, '$1')
    .replace(/(?<=.{3})(ing|ed)$/, '')
    .replace(/(?<=.{3})(.)\1$/, '$1')
    .replace(/(?<=.{4})e$/, '');
}

/** Splits at white space and punctuation, and also keeps names such as `thread_id` whole beside their parts. */
export function tokenize(text) {
  const words = text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  return words.flatMap((word) => (word.includes('_') ? [word, ...word.split('_').filter(Boolean)] : [word]));
}

/** Words that tell nothing about what is searched. */
const fillers = new Set([
  'a',
  'an',
  'the',
  'of',
  'to',
  'in',
  'on',
  'for',
  'is',
  'how',
  'do',
  'i',
  'with',
  'my',
  'and',
  'or',
  'from',
  'what',
  'can',
  'it',
]);

export function createIndex(MiniSearch, entries) {
  const index = new MiniSearch({
    idField: 'url',
    fields: ['title', 'place', 'call', 'words', 'text'],
    storeFields: ['url', 'title', 'place', 'call', 'text', 'kind'],
    tokenize,
    processTerm: (term) => (fillers.has(term.toLowerCase()) ? null : stem(term)),
  });
  // Two sections of a guide may have the same address.
  index.addAll([...new Map(entries.map((entry) => [entry.url, entry])).values()]);
  return index;
}

const options = {
  boost: { title: 5, place: 1.5, call: 2, words: 0.7, text: 1 },
  prefix: (term) => term.length > 1,
  fuzzy: (term) => (term.length > 4 ? 0.2 : 0),
  // The words of a title count more in a short title, and an operation is what most readers look for.
  boostDocument: (_id, _term, { kind } = {}) => ({ operation: 1.3, area: 1.1 })[kind] ?? 1,
};

/** All entries with every word; if there are few, also those with some of them. */
export function find(index, query) {
  const words = tokenize(query).filter((word) => !fillers.has(word.toLowerCase()));
  if (words.length === 0) return [];
  const meant = {
    combineWith: 'AND',
    queries: words.map((word) => ({ combineWith: 'OR', queries: [word, ...(synonyms[word.toLowerCase()] ?? [])] })),
  };
  const all = index.search(meant, options);
  const rest =
    all.length < 5
      ? index.search(words.join(' '), { ...options, combineWith: 'OR' }).filter(({ id }) => !all.some((one) => one.id === id))
      : [];
  const ranked = all.map((result) => ({ ...result, score: result.score * closeness(result, query) }));
  return [...ranked.sort((a, b) => b.score - a.score), ...rest].slice(0, maxResults);
}

const normal = (text) => ` ${tokenize(text).map(stem).join(' ')} `;

/** A title with the words of the query in a row counts more, and exactly the path or the call of an operation most. */
function closeness({ title, place, call = '', kind }, query) {
  const typed = query.trim().toLowerCase();
  if (kind === 'operation' && [place, call, place.split(' ')[1], `client.${call}`].some((name) => name?.toLowerCase() === typed)) return 10;
  if (call.split('.')[1]?.toLowerCase() === typed) return 3;
  const [name, phrase] = [normal(title), normal(query)];
  return name.startsWith(phrase) ? 2 : name.includes(phrase) ? 1.5 : 1;
}

/** The text around the first matching word, and the matching words in it. */
export function snippetOf(text, terms, length = 160) {
  const isMatch = (word) => terms.some((term) => stem(word).startsWith(term) || word.toLowerCase().startsWith(term));
  const words = [...text.matchAll(/[\p{L}\p{N}_]+/gu)];
  const hits = words.filter(([word]) => isMatch(word));
  // The window with the most different matches.
  const richness = (start) =>
    new Set(hits.filter(({ index }) => index >= start && index < start + length).map(([word]) => stem(word))).size;
  const best = hits.reduce((found, hit) => (richness(hit.index) > richness(found?.index ?? 0) || !found ? hit : found), undefined);
  const start = !best || best.index < 50 ? 0 : text.indexOf(' ', best.index - 50) + 1;
  const end = text.length <= start + length ? text.length : text.lastIndexOf(' ', start + length);
  return { text: text.slice(start, end), isCut: [start > 0, end < text.length], isMatch };
}

/** Text nodes and `mark` elements, never HTML. */
function highlighted(text, isMatch) {
  return text.split(/([\p{L}\p{N}_]+)/u).map((part, at) => (at % 2 === 1 && isMatch(part) ? create('mark', {}, part) : part));
}

let loading;
function load() {
  loading ??= (async () => {
    const [{ default: MiniSearch }, answer] = await Promise.all([
      import(`/docs/assets/minisearch.js${version}`),
      fetch('/docs/search.json'),
    ]);
    if (!answer.ok) throw new Error(`The server returned ${answer.status}.`);
    return createIndex(MiniSearch, await answer.json());
  })();
  loading.catch(() => (loading = undefined));
  return loading;
}

let dialog;
let input;
let list;
let note;
let selected = 0;

function build() {
  input = create('input', {
    type: 'text',
    enterkeyhint: 'go',
    placeholder: 'Search guides and reference',
    'aria-label': 'Search guides and reference',
    role: 'combobox',
    'aria-expanded': 'false',
    'aria-controls': 'search-results',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  list = create('div', { id: 'search-results', role: 'listbox', 'aria-label': 'Results' });
  note = create('p', { class: 'note', role: 'status' });
  const close = create('button', { type: 'button', class: 'close' }, 'Close');
  dialog = create('dialog', { class: 'search', 'aria-label': 'Search' }, create('div', { class: 'field' }, input, close), list, note);
  close.addEventListener('click', () => dialog.close());
  input.addEventListener('input', () => {
    show().catch(report);
  });
  input.addEventListener('keydown', onKey);
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  document.body.append(dialog);
}

function onKey(event) {
  const options = [...list.children];
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key === 'Enter') {
    event.preventDefault();
    const link = options[selected];
    if (link && (event.metaKey || event.ctrlKey)) open(link.href);
    else if (link) follow(link.href);
  } else if (steps[event.key] && options.length > 0) {
    event.preventDefault();
    select((selected + steps[event.key] + options.length) % options.length);
  }
}

/** A section of the same page is no new page: the search must close. */
function follow(href) {
  dialog.close();
  location.assign(href);
}

function select(at) {
  selected = at;
  [...list.children].forEach((option, index) => option.setAttribute('aria-selected', String(index === at)));
  const option = list.children[at];
  if (option) input.setAttribute('aria-activedescendant', option.id);
  else input.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({ block: 'nearest' });
}

const kinds = { operation: 'Operation', area: 'Reference', guide: 'Guide' };

function optionOf({ url, title, place, text, kind, terms }, at) {
  const snippet = snippetOf(text, terms);
  const [isCutBefore, isCutAfter] = snippet.isCut;
  const option = create(
    'a',
    { id: `search-result-${at}`, href: url, role: 'option', 'aria-selected': 'false', tabindex: '-1' },
    create('span', { class: 'kind' }, kinds[kind]),
    create('strong', {}, ...highlighted(title, snippet.isMatch)),
    create('span', { class: 'place' }, ...highlighted(place, snippet.isMatch)),
    create('span', { class: 'snippet' }, isCutBefore ? '… ' : '', ...highlighted(snippet.text, snippet.isMatch), isCutAfter ? ' …' : ''),
  );
  option.addEventListener('click', () => dialog.close());
  option.addEventListener('pointermove', () => selected !== at && select(at));
  return option;
}

const report = (error) => (note.textContent = `The search failed. ${error.message}`);

async function show() {
  const query = input.value.trim();
  let results = [];
  try {
    const index = await load();
    if (query !== input.value.trim()) return;
    results = find(index, query);
    note.textContent =
      query === ''
        ? 'Type what you look for, such as “stream run” or “api key”.'
        : results.length === 0
          ? `Nothing was found for “${query}”.`
          : `${results.length} results`;
  } catch (error) {
    note.textContent = `The search could not be loaded. ${error.message}`;
  }
  note.classList.toggle('hidden', results.length > 0);
  list.replaceChildren(...results.map(optionOf));
  list.hidden = results.length === 0;
  input.setAttribute('aria-expanded', String(results.length > 0));
  select(0);
}

export function openSearch() {
  if (!dialog) build();
  if (!dialog.open) dialog.showModal();
  input.select();
  if (list.children.length === 0) {
    note.textContent = 'Loading …';
    show().catch(report);
  }
}

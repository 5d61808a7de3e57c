// Everything on the pages that needs a script, except "Try it": copy buttons, the choice of a language, the theme, and opening the search.

/** @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function create(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const status = create('p', { role: 'status', class: 'hidden' });
document.body.append(status);

function addCopyButtons() {
  for (const figure of document.querySelectorAll('figure.code')) {
    const button = create('button', { type: 'button', class: 'copy', 'aria-label': 'Copy code' }, 'Copy');
    const show = (text) => {
      button.textContent = text;
      status.textContent = text;
      setTimeout(() => (button.textContent = 'Copy'), 1500);
    };
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(figure.querySelector('code').textContent).then(
        () => show('Copied'),
        () => show('Not copied'),
      );
    });
    figure.append(button);
  }
}

const languagePlace = 'arkloop.docs.language';

function keepLanguage() {
  const choose = (language) => {
    for (const radio of document.querySelectorAll(`.samples input[value="${CSS.escape(language)}"]`)) radio.checked = true;
  };
  const stored = localStorage.getItem(languagePlace);
  if (stored) choose(stored);
  document.querySelector('main').addEventListener('change', ({ target }) => {
    if (!target.matches('.samples input[type=radio]')) return;
    // The samples above may change their height: keep the chosen one where it is.
    const before = target.getBoundingClientRect().top;
    localStorage.setItem(languagePlace, target.value);
    choose(target.value);
    scrollBy({ top: target.getBoundingClientRect().top - before, behavior: 'instant' });
  });
}

const themes = ['system', 'light', 'dark'];

function addThemeButton(header) {
  const button = create('button', { type: 'button', class: 'theme' });
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? 'system';
    button.dataset.theme = theme;
    button.setAttribute('aria-label', `Theme: ${theme}`);
    button.title = `Theme: ${theme}`;
  };
  const apply = (theme) => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    show();
  };
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(button.dataset.theme) + 1) % themes.length];
    localStorage.setItem('arkloop.theme', next);
    apply(next);
  });
  addEventListener('storage', ({ key, newValue }) => key === 'arkloop.theme' && apply(newValue ?? 'system'));
  show();
  header.append(button);
}

function addSearch(header) {
  const keys = /Mac|iP(hone|ad)/.test(navigator.platform) ? '⌘K' : 'Ctrl K';
  const button = create(
    'button',
    { type: 'button', class: 'open-search', 'aria-keyshortcuts': '/ Control+K Meta+K' },
    create('span', {}, 'Search'),
    create('kbd', { 'aria-hidden': 'true' }, keys),
  );
  const open = () => {
    import(new URL('search.js', import.meta.url).href).then(
      ({ openSearch }) => openSearch(),
      () => (status.textContent = 'The search could not be loaded.'),
    );
  };
  button.addEventListener('click', open);
  addEventListener('keydown', (event) => {
    const isTyping = event.target.closest?.('input, textarea, select, [contenteditable]');
    const isShortcut = (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) || (event.key === '/' && !isTyping);
    if (!isShortcut || event.altKey) return;
    event.preventDefault();
    open();
  });
  header.querySelector('.brand').after(button);
}

/** Marks the section of the page that is being read in the lists of sections. */
function followReading() {
  const links = new Map();
  for (const link of document.querySelectorAll('.contents a, .menu ul ul a')) {
    const id = decodeURIComponent(link.hash.slice(1));
    if (id) links.set(id, [...(links.get(id) ?? []), link]);
  }
  const targets = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  if (targets.length === 0) return;
  let current;
  const update = () => {
    const read = targets.findLast((target) => target.getBoundingClientRect().top < innerHeight / 3) ?? targets[0];
    if (read === current) return;
    for (const link of links.get(current?.id) ?? []) link.removeAttribute('aria-current');
    for (const link of links.get(read.id)) link.setAttribute('aria-current', 'location');
    current = read;
  };
  let isWaiting = false;
  addEventListener(
    'scroll',
    () => {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        update();
      });
    },
    { passive: true },
  );
  update();
}

/** A link within a popover closes it. */
for (const menu of document.querySelectorAll('[popover]'))
  menu.addEventListener('click', ({ target }) => target.closest('a') && menu.matches(':popover-open') && menu.hidePopover());

/** Printed pages show everything. */
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('main details:not(.try)')) details.open = true;
});

const header = document.querySelector('header.site');
addSearch(header);
addThemeButton(header);
addCopyButtons();
keepLanguage();
followReading();

// `scrollIntoView` would also move the place where the tab key starts.
const menu = document.querySelector('.menu');
const here = menu.querySelector('[aria-current=page]');
if (here && here.offsetTop > menu.clientHeight - 100) menu.scrollTop = here.offsetTop - menu.clientHeight / 2;

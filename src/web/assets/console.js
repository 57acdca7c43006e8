/*
 * What needs a script: copying, the table that follows the cluster, and menus that close. Everything else on these pages
 * works without.
 */
'use strict';

const announce = (text) => {
  document.getElementById('announcer').textContent = text;
};

/** Copy buttons show themselves only where they work: the clipboard is there on HTTPS and on localhost. */
function showCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const { copied } = document.body.dataset;
  announce(copied);
  const { title } = button;
  button.title = copied;
  button.classList.add('copied');
  setTimeout(() => {
    button.title = title;
    button.classList.remove('copied');
  }, 2000);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) copy(button);
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = event.target.closest('details.menu[open]') ?? document.querySelector('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

/** Puts the new table in the place of the old one. What is open and has the focus stays so. */
function replaceTable(area, html) {
  const open = [...area.querySelectorAll('details[open][id]')].map((one) => one.id);
  const focused = area.contains(document.activeElement) ? document.activeElement.closest('[id]')?.id : undefined;
  const fresh = new DOMParser().parseFromString(html, 'text/html').getElementById('keys');
  if (!fresh) return area;
  area.replaceWith(fresh);
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  const target = focused && document.getElementById(focused);
  if (target) (target.querySelector('summary') ?? target).focus();
  showCopyButtons(fresh);
  markLive(fresh, true);
  return fresh;
}

function markLive(area, isLive) {
  const mark = area.querySelector('.live');
  if (mark) mark.hidden = !isLive;
}

/** Follows the server-sent events: each says that there is something new to load. */
function follow(start) {
  let area = start;
  let loading = false;
  let again = false;
  const source = new EventSource(area.dataset.live);

  async function load() {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    try {
      const answer = await fetch(area.dataset.fragment, { headers: { Accept: 'text/html' } });
      if (answer.status === 401) location.assign(`/login?over=1&next=${encodeURIComponent(location.pathname)}`);
      else if (answer.ok) area = replaceTable(area, await answer.text());
    } catch {
      // The server is away: the stream is opened again by the browser, and the table is loaded then.
      markLive(area, false);
    }
    loading = false;
    if (again) {
      again = false;
      await load();
    }
  }

  let wasReady = false;
  source.addEventListener('ready', () => {
    markLive(area, true);
    if (wasReady) load();
    wasReady = true;
  });
  source.addEventListener('change', load);
  source.addEventListener('error', () => {
    markLive(area, false);
    // The browser asks no more after an answer that is no stream: the session may be over.
    if (source.readyState === EventSource.CLOSED) load();
  });
  addEventListener('pagehide', () => source.close());
}

/** A browser may keep a page to show it again on the way back: not one with a pair on it. */
addEventListener('pagehide', () => {
  if (document.getElementById('shown-sk')) document.getElementById('content').replaceChildren();
});

showCopyButtons(document);
const live = document.querySelector('[data-live]');
if (live) follow(live);

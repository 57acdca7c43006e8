/*
 * Copy buttons, local times, menus that close, downloads that leave no secret in the history, and input that survives the
 * end of a session; live updates are in live.js, the calendar is in date-picker.js. Everything else on these pages works
 * without a script.
 */
'use strict';

const announce = (text) => {
  document.getElementById('announcer').textContent = text;
};

/** Shows the copy buttons where the clipboard is available: with HTTPS and on localhost. */
function showCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false;
}

/** Shows times in the time zone of the browser, in the language of the page. The title keeps the time in UTC. */
function showLocalTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time[datetime]')) {
    time.textContent = format.format(new Date(time.dateTime)).replace(/ (?=[AP]M$)/, '\u00a0');
  }
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

/**
 * Submits a form once, because the second of two responses replaces the first, which may show a secret key. A form with
 * a target replaces nothing.
 */
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.getAttribute('method') !== 'post' || form.hasAttribute('target')) return;
  if (form.dataset.submitted) {
    event.preventDefault();
    return;
  }
  form.dataset.submitted = 'yes';
  setTimeout(() => delete form.dataset.submitted, 10000);
});

addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('[data-submitted]')) delete form.dataset.submitted;
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = event.target.closest('details.menu[open]') ?? document.querySelector('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

/**
 * Browsers keep the URL of each download in their profile, so that of a file with a secret key must not contain the file.
 */
for (const link of document.querySelectorAll('a[download][href^="data:"]')) {
  const [, type, data] = /^data:(.*);base64,(.*)$/.exec(link.href);
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
}

/** Removes a pair from the page, because the browser may restore the page when the person goes back. */
addEventListener('pagehide', () => {
  if (!document.getElementById('shown-sk')) return;
  for (const { href } of document.querySelectorAll('a[href^="blob:"]')) URL.revokeObjectURL(href);
  document.getElementById('content').replaceChildren();
});

showCopyButtons(document);
showLocalTimes(document);

/** The key of the input that is kept in this tab. */
const keptInput = 'kept-input';

/** The signed-in user, who must be the same when the input is restored. */
const accountName = () => document.querySelector('.who')?.textContent;

/** Fields that a person fills in: no form tokens and no secrets. */
const inputsOf = (form) => [...form.elements].filter((one) => one.name && !['hidden', 'password'].includes(one.type));

function keepInput(form, isSubmitted) {
  const inputs = inputsOf(form).map(({ name, value, checked }) => ({ name, value, checked }));
  const path = new URL(form.action).pathname;
  sessionStorage.setItem(keptInput, JSON.stringify({ user: accountName(), path, inputs, isSubmitted }));
}

/** Keeps the input of a form in case the session has ended when it is sent. */
document.addEventListener('submit', ({ target: form }) => {
  if (form.matches('form[data-keep]')) keepInput(form, true);
});

/** Keeps the input of a form when the language or theme is switched, which loads the page again. */
document.addEventListener('click', ({ target }) => {
  const form = target.closest('.switch a') && document.querySelector('form[data-keep]');
  if (form) keepInput(form, false);
});

/** Restores the input on the page that opens after sign-in. Every other page discards it. */
function restoreInput() {
  if (document.querySelector('.sign-in')) return;
  const kept = JSON.parse(sessionStorage.getItem(keptInput) ?? 'null');
  sessionStorage.removeItem(keptInput);
  const form = document.querySelector('form[data-keep]');
  if (!kept || !form || !form.hasAttribute('data-fresh')) return;
  if (kept.path !== new URL(form.action).pathname || kept.user !== accountName()) return;
  for (const input of inputsOf(form)) {
    const choice = ['radio', 'checkbox'].includes(input.type);
    const saved = kept.inputs.find(({ name, value }) => name === input.name && (!choice || value === input.value));
    if (!saved) continue;
    if (choice) input.checked = saved.checked;
    else input.value = saved.value;
  }
  for (const hint of document.querySelectorAll('[data-restored]')) hint.hidden = !kept.isSubmitted;
}

restoreInput();
// The page after sign-out sends its form to the identity provider.
document.querySelector('form[data-submit]')?.requestSubmit();

/*
 * Copy buttons, local times, menus that close, forms that are sent once, and downloads and pages that leave no secret in
 * the history. Everything else on these pages works without a script.
 */
import { showCopyButtons, showLocalTimes } from './display.js';

const announce = (text) => {
  document.getElementById('announcer').textContent = text;
};

/** Copies the value of a button. Browsers can refuse to write to the clipboard. */
async function copy(button) {
  const { copied, notCopied } = document.body.dataset;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    selectText(button.previousElementSibling);
    announce(notCopied);
    return;
  }
  announce(copied);
  const { title } = button;
  button.title = copied;
  button.classList.add('copied');
  setTimeout(() => {
    button.title = title;
    button.classList.remove('copied');
  }, 2000);
}

function selectText(element) {
  if (!element.matches('input')) return getSelection().selectAllChildren(element);
  element.focus();
  element.select();
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

// The page after sign-out sends its form to the identity provider.
document.querySelector('form[data-submit]')?.requestSubmit();

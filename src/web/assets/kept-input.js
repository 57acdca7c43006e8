/*
 * Keeps the input of a form in this tab: when the session ends before it is sent, and when the language or theme is
 * switched. After date-picker.js, which replaces inputs.
 */

/** The key of the input that is kept in this tab. */
const keptInput = 'kept-input';

/** The signed-in user, who must be the same when the input is restored. */
const accountName = () => document.querySelector('.who')?.textContent;

/**
 * The state of the AccessKey from which the form was rendered. Without it, the restored input would silently replace
 * what another person has changed meanwhile.
 */
const isBase = ({ name }) => name === 'generation' || name.startsWith('base_');

/** Fields that a person fills in, and their base: no form tokens and no secrets. */
const inputsOf = (form) =>
  [...form.elements].filter((one) => one.name && one.type !== 'password' && (one.type !== 'hidden' || isBase(one)));

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

import { html } from '../common/html.ts';

/** Drawn on a 24 × 24 grid, in the colour of the text around; names beside them say what they mean. */
const icon = (paths: ReturnType<typeof html>) =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">${paths}</svg>`;

export const icons = {
  key: icon(html`<circle cx="8" cy="16" r="4"/><path d="m11 13 8-8m-3 3 2.5 2.5"/>`),
  plus: icon(html`<path d="M12 5v14M5 12h14"/>`),
  more: icon(html`<path d="M5 12h.01M12 12h.01M19 12h.01" class="dots"/>`),
  info: icon(html`<circle cx="12" cy="12" r="9"/><path d="M12 11v5m0-8.5v.01"/>`),
  warning: icon(html`<path d="M12 4 2.8 19.5h18.4L12 4Zm0 6v4m0 2.9v.01"/>`),
  done: icon(html`<circle cx="12" cy="12" r="9"/><path d="m8 12.5 2.7 2.7L16 9.5"/>`),
  copy: icon(html`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15V6a2 2 0 0 1 2-2h8"/>`),
  down: icon(html`<path d="m7 10 5 5 5-5"/>`),
  save: icon(html`<path d="M12 4v11m-4-4 4 4 4-4M5 19h14"/>`),
  lock: icon(html`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`),
  box: icon(html`<path d="m12 3 8 4.5v9L12 21l-8-4.5v-9L12 3Zm0 9 8-4.5M12 12v9m0-9L4 7.5"/>`),
};

/* The live part of a page: the element that is loaded again when the server reports a change. */
import { showCopyButtons, showLocalTimes } from './display.js';

/** @returns selectors of the focused element in a new version of the live part, the most exact one first */
function selectorsOf(focused) {
  const owner = focused.closest('[id]');
  const within = `#${CSS.escape(owner.id)}`;
  if (owner === focused) return [within];
  const keyOf = (element, name) => `[${name}="${CSS.escape(element.getAttribute(name))}"]`;
  const named = ['href', 'data-copy'].find((name) => focused.hasAttribute(name));
  const form = focused.closest('form');
  const key = named ? keyOf(focused, named) : form && `${keyOf(form, 'action')} ${focused.localName}`;
  return [...(key ? [`${within} ${key}`] : []), `${within} ${focused.localName}`];
}

/**
 * @returns the element for the page, with local times, copy buttons and the menus that are open in the present one
 */
export function prepare(fresh, area) {
  for (const { id } of area.querySelectorAll('details[open][id]')) {
    fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
  }
  showCopyButtons(fresh);
  showLocalTimes(fresh);
  markLive(fresh, isMarkedLive(area));
  return document.adoptNode(fresh);
}

/** Replaces the live part, and keeps the focus. */
export function replaceArea(area, fresh) {
  const { activeElement } = document;
  const selectors = area.contains(activeElement) ? selectorsOf(activeElement) : [];
  area.replaceWith(fresh);
  const target = selectors.map((one) => document.querySelector(one)).find((one) => one !== null);
  target?.focus({ preventScroll: true });
}

const markOf = (area) => area.querySelector('.live');
const isMarkedLive = (area) => markOf(area)?.hidden === false;
export function markLive(area, isLive) {
  const mark = markOf(area);
  if (mark) mark.hidden = !isLive;
}

export function isSelected(area) {
  const selection = getSelection();
  return selection.type === 'Range' && selection.containsNode(area, true);
}

/** @returns the URL of the page of a live part. That of this page can be one of a form, which would be sent again */
export function pageOf(area) {
  const page = new URL(area.dataset.fragment, location.href);
  page.searchParams.delete('fragment');
  return page.pathname + page.search;
}

/* What depends on the browser, in a page and in each new version of its live part. */

/** Shows the copy buttons where the clipboard is available: with HTTPS and on localhost. */
export function showCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false;
}

/** Shows times in the time zone of the browser, in the language of the page. The title keeps the time in UTC. */
export function showLocalTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time[datetime]')) {
    time.textContent = format.format(new Date(time.dateTime)).replace(/ (?=[AP]M$)/, '\u00a0');
  }
}

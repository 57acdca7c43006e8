/*
 * Live updates: loads the live part of a page again when the server reports a change. The page says "Live updates" only
 * while that works.
 */
import { isSelected, markLive, pageOf, prepare, replaceArea } from './live-part.js';

/** How long to wait after a failure, doubled with each one, milliseconds. */
const [firstDelayMs, maxDelayMs] = [2_000, 60_000];
/** After this time without an event the connection is broken: the server sends one every 25 seconds. Milliseconds. */
const silenceMs = 60_000;
const loadTimeoutMs = 20_000;

function follow(start) {
  let area = start;
  let source;
  let timer;
  let delayMs = firstDelayMs;
  let isLoading = false;
  let isOutdated = false;
  /** A version of the live part that is not shown while text of the present one is selected. */
  let held;

  /** Opens the stream, which is also how a stream that has ended or failed is replaced. */
  function connect() {
    source?.close();
    source = new EventSource(area.dataset.live);
    // A change before the stream was opened is not reported.
    source.addEventListener('ready', load);
    source.addEventListener('change', load);
    source.addEventListener('ping', () => connectAfter(silenceMs));
    source.addEventListener('error', () => {
      markLive(area, false);
      // After a response that is not a stream, the browser does not connect again. The session may have ended.
      if (source.readyState === EventSource.CLOSED) load();
    });
    connectAfter(silenceMs);
  }

  function connectAfter(milliseconds) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(connect, milliseconds);
  }

  async function load() {
    isOutdated = true;
    if (isLoading) return;
    isLoading = true;
    let isLoaded = false;
    while (isOutdated) {
      isOutdated = false;
      isLoaded = await loadArea();
    }
    isLoading = false;
    const isLive = isLoaded && source.readyState === EventSource.OPEN;
    markLive(area, isLive && held === undefined);
    connectAfter(isLive ? silenceMs : delayMs);
    delayMs = isLive ? firstDelayMs : Math.min(2 * delayMs, maxDelayMs);
  }

  /** @returns whether the page shows the state of the server */
  async function loadArea() {
    try {
      const signal = AbortSignal.timeout(loadTimeoutMs);
      const answer = await fetch(area.dataset.fragment, { headers: { Accept: 'text/html' }, signal });
      if (answer.status === 401) {
        // This closes the stream first: the sign-in page reports the end of the session only once.
        return leave(`/login?next=${encodeURIComponent(pageOf(area))}`);
      }
      if (!answer.ok) return false;
      // After signing in again in another tab. The rest of the page still belongs to the former session.
      const session = answer.headers.get('Accesskey-Session');
      if (session !== null && session !== document.body.dataset.session) return leave(pageOf(area));
      const text = await answer.text();
      show(new DOMParser().parseFromString(text, 'text/html').getElementById(area.id));
      return true;
    } catch {
      // The server is unavailable.
      return false;
    }
  }

  function show(fresh) {
    held = undefined;
    if (!fresh) return;
    const prepared = prepare(fresh, area);
    if (area.isEqualNode(prepared)) return;
    if (isSelected(area)) held = prepared;
    else {
      replaceArea(area, prepared);
      area = prepared;
    }
  }

  /** Never settles, because the page is being left. */
  function leave(url) {
    stop();
    location.assign(url);
    return new Promise(() => undefined);
  }

  function stop() {
    source?.close();
    clearTimeout(timer);
    markLive(area, false);
  }

  document.addEventListener('selectionchange', () => {
    if (held === undefined || isSelected(area)) return;
    show(held);
    markLive(area, source.readyState === EventSource.OPEN);
  });
  // A page that nobody sees needs no connection. Browsers open only six to one server (HTTP/1.1), whatever they are
  // for.
  document.addEventListener('visibilitychange', () => {
    delayMs = firstDelayMs;
    if (document.hidden) stop();
    else connect();
  });
  if (!document.hidden) connect();
}

const area = document.querySelector('[data-live]');
if (area) follow(area);

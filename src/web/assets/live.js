/*
 * Live updates: loads the live part of a page again when the server reports a change. The page says "Live updates" only
 * while that works. After console.js, whose functions this uses.
 */
'use strict';

{
  /** How long to wait after a failure, doubled with each one, milliseconds. */
  const [firstDelayMs, maxDelayMs] = [2_000, 60_000];
  /** After this time without an event the connection is broken: the server sends one every 25 seconds. Milliseconds. */
  const silenceMs = 60_000;
  const loadTimeoutMs = 20_000;

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
  function prepare(fresh, area) {
    for (const { id } of area.querySelectorAll('details[open][id]')) {
      fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
    }
    showCopyButtons(fresh);
    showLocalTimes(fresh);
    markLive(fresh, isMarkedLive(area));
    return document.adoptNode(fresh);
  }

  /** Replaces the live part, and keeps the focus. */
  function replaceArea(area, fresh) {
    const { activeElement } = document;
    const selectors = area.contains(activeElement) ? selectorsOf(activeElement) : [];
    area.replaceWith(fresh);
    const target = selectors.map((one) => document.querySelector(one)).find((one) => one !== null);
    target?.focus({ preventScroll: true });
  }

  const markOf = (area) => area.querySelector('.live');
  const isMarkedLive = (area) => markOf(area)?.hidden === false;
  function markLive(area, isLive) {
    const mark = markOf(area);
    if (mark) mark.hidden = !isLive;
  }

  function isSelected(area) {
    const selection = getSelection();
    return selection.type === 'Range' && selection.containsNode(area, true);
  }

  /** @returns the URL of the page of a live part. That of this page can be one of a form, which would be sent again */
  function pageOf(area) {
    const page = new URL(area.dataset.fragment, location.href);
    page.searchParams.delete('fragment');
    return page.pathname + page.search;
  }

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
}

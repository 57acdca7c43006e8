/** Responses to scrapes of the metrics, which anyone who can reach the health port can request. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handler } from 'hono';
import type { Environment } from '../common/environment.ts';
import { answerBody } from '../common/large-body.ts';
import type { Piece } from '../common/text-pieces.ts';

/** The content of /metrics. */
export interface Exposition {
  readonly contentType: string;
  exposition(): Promise<string>;
}

export interface ScrapeOptions {
  /** Bytes of all expositions that are being sent, at least the newest one. */
  maxBytes?: number;
  /** Monotonic, milliseconds. */
  now?: () => number;
  pause?: (ms: number) => Promise<void>;
}

/** With 20,000 reported key pairs, an exposition has about 7 MB. */
const defaultMaxBytes = 64 * 1024 * 1024;
/** Largest share of the time that is spent on expositions. */
const maxShare = 1 / 5;
/** An exposition starts immediately if the share is met again within this time, so that scrapes usually do not wait. */
const toleranceMs = 1_000;
/** A longer exposition counts as this, so that no scrape waits more than five seconds: Prometheus waits ten by default. */
const maxCountedMs = 1_000;

const encoder = new TextEncoder();
const pauseOfSystem = (ms: number) => sleep(ms, undefined, { ref: false });

/**
 * Answers scrapes: concurrent ones share an exposition, and each client receives it in pieces, so that neither many
 * scrapes nor clients that do not read the response use up CPU and memory.
 */
export function answerScrapes(metrics: Exposition, options: ScrapeOptions = {}): Handler<Environment> {
  const nextExposition = shareExpositions(metrics, options);
  const keep = limitKept(options.maxBytes ?? defaultMaxBytes);
  return async (context) => {
    const text = await nextExposition();
    // In-memory requests of tests have no connection.
    const outgoing = context.env?.outgoing;
    if (outgoing) keep(text, outgoing);
    context.header('Content-Type', metrics.contentType);
    return answerBody(context, text);
  };
}

/**
 * Creates one exposition at a time, with pauses if many are requested. Scrapes that arrive meanwhile share the exposition:
 * no former one is sent again, so the values are as new as with a scrape of its own, except for what changes meanwhile.
 */
function shareExpositions(
  metrics: Exposition,
  { now = () => performance.now(), pause = pauseOfSystem }: ScrapeOptions,
): () => Promise<Piece> {
  let next: Promise<Piece> | undefined;
  /** When the expositions so far have taken their share of the time. */
  let metAt = Number.NEGATIVE_INFINITY;

  async function create(): Promise<Piece> {
    // Concurrent scrapes arrive even during the shortest pause.
    await pause(Math.max(0, metAt - toleranceMs - now()));
    const startedAt = now();
    try {
      return encoder.encode(await metrics.exposition());
    } finally {
      const counted = Math.min(now() - startedAt, maxCountedMs);
      metAt = Math.max(metAt, startedAt) + counted / maxShare;
    }
  }

  return () => {
    next ??= create().finally(() => {
      next = undefined;
    });
    return next;
  };
}

/**
 * Limits the memory of expositions that are being sent: clients that read slowly and started at different times keep one
 * each. Beyond the limit, the connections that receive the oldest one are closed.
 */
function limitKept(maxBytes: number): (text: Piece, outgoing: ServerResponse) => void {
  /** The responses with each exposition, the oldest first. */
  const kept = new Map<Piece, Set<ServerResponse>>();
  let bytes = 0;

  function add(text: Piece): Set<ServerResponse> {
    const responses = new Set<ServerResponse>();
    kept.set(text, responses);
    bytes += text.length;
    return responses;
  }

  function release(text: Piece): void {
    if (kept.delete(text)) bytes -= text.length;
  }

  return (text, outgoing) => {
    // The client has disconnected while it waited.
    if (outgoing.destroyed) return;
    const responses = (kept.get(text) ?? add(text)).add(outgoing);
    outgoing.once('close', () => {
      responses.delete(outgoing);
      if (responses.size === 0) release(text);
    });
    for (const [oldest, slow] of kept) {
      if (bytes <= maxBytes || oldest === text) return;
      release(oldest);
      for (const one of slow) one.destroy();
    }
  };
}

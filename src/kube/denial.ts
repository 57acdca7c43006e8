/** What may be repeated of the text with which the API server rejects a request. Pure. */

/** Statuses whose message names objects and reasons, never the values of fields. */
const safeMessages = new Set([401, 403, 404, 405, 409, 410, 429, 500, 503, 504]);

/**
 * An admission policy or webhook rejected the request, with any status. The API server's own validation errors, which
 * repeat the values of fields, never match.
 */
const denied =
  /^[^\n]{0,400}?(?:\badmission webhook "[^"\n]*" denied the request|'[^'\n]*' with binding '[^'\n]*' denied request)/;

/** Anything like a key pair: (the beginning of) a UUID, or long base64, as in the data of a Secret. */
const keyLike = /\b[0-9a-f]{8}-[0-9a-f]{4}[-0-9a-f]*|[A-Za-z0-9+/]{40,}={0,2}/gi;

/** Length of the pieces of a sent value that are masked, characters; shorter values are masked from `minLength` on. */
const pieceLength = 8;
const minLength = 4;
const mask = '[redacted]';
/** A masked piece and the rest of its word, which can be the rest of a value. */
const maskedWord = /[\w+/=-]*\[redacted\][\w+/=-]*/g;

/** Whether an admission policy or webhook rejected the request. */
export function isDenial(message: string): boolean {
  return denied.test(message);
}

/** @returns the reason in the text with which the API server rejects a request, without the names of object and policy */
export function rejectionReason(text: string): string {
  const markers = [' denied request: ', ' denied the request: ', ' is forbidden: '];
  const marker = markers.find((one) => text.includes(one));
  return marker === undefined ? text : text.slice(text.indexOf(marker) + marker.length);
}

/**
 * @param sent body of the request, JSON
 * @returns the message without any value of the Secret data that was sent; empty if it must not be repeated
 */
export function safeMessage(status: number, message: string, sent = ''): string {
  if (!safeMessages.has(status) && !isDenial(message)) return '';
  return maskPieces(message, valuesIn(sent)).replace(keyLike, mask).replace(maskedWord, mask);
}

/** Masks every run of the text that consists of pieces of the values, also of a value that is cut off. */
function maskPieces(text: string, values: readonly string[]): string {
  let result = '';
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    const length = sentLengthAt(text, at, values);
    if (length > 0 && end <= at) result += mask;
    end = Math.max(end, at + length);
    if (end <= at) result += text[at];
  }
  return result;
}

/** @returns how many characters at this position are a piece of a value; 0 if none */
function sentLengthAt(text: string, at: number, values: readonly string[]): number {
  const piece = text.slice(at, at + pieceLength);
  const isSent = values.some((one) => piece.length === pieceLength && one.includes(piece));
  if (isSent) return pieceLength;
  const short = values.find((one) => one.length < pieceLength && piece.startsWith(one));
  return short?.length ?? 0;
}

/** The values of `data` and `stringData`, encoded and decoded: a webhook gets `stringData` encoded, in `data`. */
function valuesIn(sent: string): string[] {
  const { data, stringData } = parse(sent);
  const [encoded, plain] = [stringsOf(data), stringsOf(stringData)];
  const decoded = encoded.map((one) => Buffer.from(one, 'base64').toString('utf8'));
  const encodedPlain = plain.map((one) => Buffer.from(one).toString('base64'));
  return [...encoded, ...decoded, ...plain, ...encodedPlain].filter((one) => one.length >= minLength);
}

function stringsOf(values: unknown): string[] {
  if (typeof values !== 'object' || values === null) return [];
  return Object.values(values).filter((one) => typeof one === 'string');
}

function parse(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

import type { WatchFault } from './fault.ts';

/** A piece of a watch: what is to be written, and what is to become of the connection after it. */
export interface Piece {
  text: string;
  next: 'go on' | 'cut' | 'end' | 'silence';
  /** Whether the fault took effect here. */
  faulty: boolean;
}

const plain = (text: string): Piece => ({ text, next: 'go on', faulty: false });

/** Passes a watch on line by line, as soon as each is there, with the fault at its place. */
export async function* watchPieces(source: AsyncIterable<Uint8Array>, fault?: WatchFault): AsyncGenerator<Piece> {
  let seen = 0;
  const first = pieceBetween(fault, seen);
  if (first) yield first;
  for await (const line of lines(source)) {
    yield (fault?.afterLines === seen && pieceInstead(fault, line)) || plain(line);
    seen += 1;
    const between = pieceBetween(fault, seen);
    if (between) yield between;
  }
}

/** The fault that takes effect when so many lines have passed, without waiting for the next. */
function pieceBetween(fault: WatchFault | undefined, seen: number): Piece | undefined {
  if (fault?.afterLines !== seen) return undefined;
  if (fault.kind === 'cutWatch') return { text: '', next: 'cut', faulty: true };
  if (fault.kind === 'endWatch') return { text: '', next: 'end', faulty: true };
  if (fault.kind === 'halfOpen') return { text: '', next: 'silence', faulty: true };
  if (fault.kind === 'insertLine') return { text: `${fault.line}\n`, next: 'go on', faulty: true };
  return undefined;
}

/** The fault that takes the place of a line. */
function pieceInstead(fault: WatchFault, line: string): Piece | undefined {
  if (fault.kind === 'garbleLine') return { text: `${fault.garble(line.trimEnd())}\n`, next: 'go on', faulty: true };
  if (fault.kind === 'cutInLine') return { text: line.slice(0, line.length / 2), next: 'cut', faulty: true };
  return undefined;
}

/** The lines, each with its end; a last one without an end comes too. */
async function* lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of source) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) yield `${part}\n`;
  }
  if (rest !== '') yield rest;
}

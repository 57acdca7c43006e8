/** The inventory as CSV (RFC 4180), safe to open in a spreadsheet. */
import { type InventoryEntry, toRow } from './row.ts';
import { InventoryRow } from './schema.ts';

/** Media type with the parameters of RFC 7111 and RFC 4180. */
export const csvType = 'text/csv; charset=utf-8; header=present';
export const csvFileName = 'key-pairs.csv';

const columns = Object.keys(InventoryRow.shape) as (keyof InventoryRow)[];
/** Rows of a chunk: about 100 KB, which takes a few milliseconds. */
const rowsInChunk = 400;

/**
 * Creates the CSV in chunks, so that a large inventory neither blocks the event loop nor fills the memory. The groups of a
 * user are separated by semicolons.
 *
 * @param now milliseconds since the epoch
 */
export function* csvChunks(entries: readonly InventoryEntry[], now: number): Generator<string> {
  yield `${columns.join(',')}\r\n`;
  for (let start = 0; start < entries.length; start += rowsInChunk) {
    const rows = entries.slice(start, start + rowsInChunk).map((entry) => toRow(entry, now));
    yield rows.map(toLine).join('');
  }
}

function toLine(row: InventoryRow): string {
  return `${columns.map((column) => toCell(row[column])).join(',')}\r\n`;
}

function toCell(value: InventoryRow[keyof InventoryRow]): string {
  const text = neutralize(Array.isArray(value) ? value.join(';') : String(value ?? ''));
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Keeps a spreadsheet from executing a cell as a formula (OWASP, CSV Injection): a quote precedes the characters that start
 * one, in ASCII and in full width. A spreadsheet can also split a cell at other separators, so this includes characters
 * after a separator or a quotation mark.
 */
function neutralize(text: string): string {
  return text.replace(/(?<=^|[;,|"\t\r\n])(?=[^\S\t\r\n]*[=+\-@＝＋－＠\t\r\n])/g, "'");
}

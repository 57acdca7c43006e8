/** Tables and lists of fields as kubectl prints them, with printable texts; pure. */
import { printable } from '../../kube/printable.ts';

/** A cell whose text is colored after it was padded. */
export interface Cell {
  text: string;
  color?: ((text: string) => string) | undefined;
}

export interface Column {
  title: string;
  /** Shown only with `-o wide`. */
  wide?: boolean;
}

const gap = '   ';

/** Widths of the columns: rows that are printed later keep them. */
export function widthsOf(rows: readonly (readonly Cell[])[]): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, at) => Math.max(...rows.map((row) => row[at]?.text.length ?? 0)));
}

/** @returns one line for each row, without a space at its end */
export function formatRows(rows: readonly (readonly Cell[])[], widths: readonly number[]): string[] {
  return rows.map((row) =>
    row
      .map(({ text, color }, at) => {
        const padding = at === row.length - 1 ? 0 : Math.max(0, (widths[at] ?? 0) - text.length);
        return show({ text, color }) + ' '.repeat(padding);
      })
      .join(gap),
  );
}

/** @returns the lines of `name: value` pairs with aligned values */
export function formatFields(fields: readonly (readonly [string, Cell])[], indent = ''): string[] {
  const width = Math.max(0, ...fields.map(([name]) => name.length)) + 1;
  return fields.map(([name, cell]) => `${indent}${`${name}:`.padEnd(width)}  ${show(cell)}`);
}

function show({ text, color }: Cell): string {
  const shown = printable(text);
  return color?.(shown) ?? shown;
}

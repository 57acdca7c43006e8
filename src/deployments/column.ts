import type { Condition } from './condition.ts';
import { createTextBlocks, isSearchable } from './text-blocks.ts';

/** The texts of one field by row, stored as numbers: a condition tests each distinct text once, and each row is a look-up. */
export interface Column {
  set(row: number, text: string | undefined): void;
  /** Sets the mask to 0 for each row that the condition does not accept. */
  select(condition: Condition, mask: Uint8Array): void;
  /** Number of texts since the column was created, including those that no row has any more. */
  readonly distinct: number;
}

/** The number of a missing text. */
const missing = 0;

/** @param capacity expected number of rows */
export function createColumn(capacity: number): Column {
  let numberOfRow = new Uint32Array(capacity);
  const numbers = new Map<string, number>();
  const texts: (string | undefined)[] = [undefined];
  const blocks = createTextBlocks(texts);

  function numberOf(text: string): number {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, texts.length);
    return texts.push(text) - 1;
  }

  /** @returns for each number of a text, 1 if the text is accepted, otherwise 0 */
  function acceptedNumbers(condition: Condition): Uint8Array {
    const accepted = new Uint8Array(texts.length);
    accepted[missing] = Number(condition.accepts(undefined));
    if (condition.listed) lookUp(condition.listed, accepted);
    else if (isSearchable(condition.part ?? '')) search(condition.part ?? '', accepted);
    else test(condition, accepted);
    return accepted;
  }

  function lookUp({ values, accepted: isAccepted }: NonNullable<Condition['listed']>, accepted: Uint8Array): void {
    accepted.fill(Number(!isAccepted), missing + 1);
    for (const value of values) {
      const number = numbers.get(value);
      if (number !== undefined) accepted[number] = Number(isAccepted);
    }
  }

  function search(part: string, accepted: Uint8Array): void {
    blocks.search(part, (number) => {
      accepted[number] = 1;
    });
  }

  function test({ accepts }: Condition, accepted: Uint8Array): void {
    for (let number = missing + 1; number < texts.length; number += 1)
      accepted[number] = Number(accepts(texts[number]));
  }

  return {
    set(row, text) {
      if (row >= numberOfRow.length) numberOfRow = enlarged(numberOfRow, 2 * row + 1);
      numberOfRow[row] = text === undefined ? missing : numberOf(text);
    },
    select(condition, mask) {
      const accepted = acceptedNumbers(condition);
      for (let row = 0; row < mask.length; row += 1) {
        if (accepted[numberOfRow[row] ?? missing] === 0) mask[row] = 0;
      }
    },
    get distinct() {
      return numbers.size;
    },
  };
}

function enlarged(numbers: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length);
  copy.set(numbers);
  return copy;
}

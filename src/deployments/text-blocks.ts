/** Number of texts in a block: small, because the last block is joined again after a text was added. */
const blockSize = 64;
const separator = '\n';

/** Joined texts, so that a search reads one string instead of many that are spread over the memory. */
interface Block {
  readonly joined: string;
  /** The position of each text in `joined`, and one behind its end. */
  readonly starts: readonly number[];
}

/** A growing list of texts that can be searched for a part. */
export interface TextBlocks {
  /** Calls `found` with the index of each text that contains the part, which must be searchable. */
  search(part: string, found: (index: number) => void): void;
}

/** Whether texts can be searched for the part: it must not be empty, nor span several texts. */
export const isSearchable = (part: string): boolean => part !== '' && !part.includes(separator);

/** @param texts may grow, but must not change; undefined contains nothing */
export function createTextBlocks(texts: readonly (string | undefined)[]): TextBlocks {
  const full: Block[] = [];

  function blockAt(number: number): Block {
    const known = full[number];
    if (known) return known;
    const some = texts.slice(number * blockSize, (number + 1) * blockSize);
    const block = join(some);
    if (some.length === blockSize) full[number] = block;
    return block;
  }

  return {
    search(part, found) {
      for (let number = 0; number * blockSize < texts.length; number += 1) {
        searchBlock(blockAt(number), part, (index) => found(number * blockSize + index));
      }
    },
  };
}

function join(texts: readonly (string | undefined)[]): Block {
  const starts = [0];
  for (const text of texts) starts.push((starts.at(-1) ?? 0) + (text?.length ?? 0) + separator.length);
  return { joined: texts.join(separator), starts };
}

function searchBlock({ joined, starts }: Block, part: string, found: (index: number) => void): void {
  let index = 0;
  for (let at = joined.indexOf(part); at >= 0; at = joined.indexOf(part, starts[index])) {
    while ((starts[index + 1] ?? at) <= at) index += 1;
    found(index);
    index += 1;
    if (index === starts.length - 1) return;
  }
}

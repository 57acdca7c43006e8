import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTextBlocks, isSearchable } from '../../../src/deployments/text-blocks.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '\n', 'é'), maxLength: 5 });

it('finds the texts that contain a part, also after texts were added', () => {
  const parts = fc.string({ unit: fc.constantFrom('a', 'b', '-', 'é'), minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.record({ added: fc.array(text, { maxLength: 100 }), part: parts }), { maxLength: 5 });
  fc.assert(
    fc.property(steps, (all) => {
      const texts: (string | undefined)[] = [undefined];
      const blocks = createTextBlocks(texts);
      for (const { added, part } of all) {
        texts.push(...added);
        const found: number[] = [];
        blocks.search(part, (index) => found.push(index));
        expect(found).toEqual([...texts.keys()].filter((index) => texts[index]?.includes(part)));
      }
    }),
    { numRuns: 300 },
  );
});

it('cannot search for nothing or for a line break', () => {
  expect(['', 'a\nb', 'a'].map(isSearchable)).toEqual([false, false, true]);
});

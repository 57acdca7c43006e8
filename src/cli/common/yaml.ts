/** YAML, which only some commands load. A bundle gives a dynamic import of the package itself no named exports. */
import { Document, visit } from 'yaml';
import { printable, printableYAML } from '../../kube/printable.ts';

/** @returns YAML of an object, whose strings contain no character that a terminal executes or that is invisible */
export function formatYAML(object: object): string {
  // Version 1.1 quotes times, as kubectl does.
  const document = new Document(object, { version: '1.1' });
  visit(document, {
    Scalar(_, node) {
      const { value } = node;
      if (typeof value === 'string' && printable(value) !== value) node.type = 'QUOTE_DOUBLE';
    },
  });
  return printableYAML(document.toString());
}

import { parseWeighted, type Weighted } from '../common/weighted.ts';

/** The format of a response: JSON, or CSV if the client asks for it. */
export type Format = 'json' | 'csv';

/**
 * Selects the format (RFC 9110 section 12.5.1). JSON is the default, also for an Accept header that rules out both.
 *
 * @param requested the query parameter, which takes precedence
 * @param accept the Accept header
 */
export function formatOf(requested: Format | undefined, accept = ''): Format {
  if (requested !== undefined) return requested;
  const ranges = parseWeighted(accept);
  const [json, csv] = [preferenceFor('application/json', ranges), preferenceFor('text/csv', ranges)];
  const isMoreSpecific = csv.weight === json.weight && csv.precision > json.precision;
  return csv.weight > json.weight || (csv.weight > 0 && isMoreSpecific) ? 'csv' : 'json';
}

/** @returns the weight of the most specific range that contains the type, and how specific it is, 0 to 3 */
function preferenceFor(type: string, ranges: readonly Weighted[]): { weight: number; precision: number } {
  const names = ['*/*', `${type.split('/')[0]}/*`, type];
  const matching = ranges.flatMap(({ name, weight }) => {
    const precision = names.indexOf(name) + 1;
    return precision === 0 ? [] : [{ weight, precision }];
  });
  return matching.sort((a, b) => a.precision - b.precision).at(-1) ?? { weight: 0, precision: 0 };
}

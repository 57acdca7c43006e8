/** The findings as text; pure. */
import { printable } from '../../kube/printable.ts';
import type { Style } from '../common/style.ts';
import { type Cell, formatRows, widthsOf } from '../common/table.ts';
import type { Finding } from './finding.ts';

const colors = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const;

/** @returns the lines of a table, with the advice below a finding, and a summary */
export function reportLines(findings: readonly Finding[], style: Style): string[] {
  const rows: Cell[][] = findings.map(({ status, check, message }) => [
    { text: status, color: (text) => style(colors[status], text) },
    { text: check },
    { text: message },
  ]);
  const table = [[{ text: 'STATUS' }, { text: 'CHECK' }, { text: 'RESULT' }], ...rows];
  const [header = '', ...lines] = formatRows(table, widthsOf(table));
  const indent = ' '.repeat(widthsOf(table)[0] ?? 0);
  const described = lines.flatMap((line, at) => {
    const advice = findings[at]?.advice;
    return advice === undefined ? [line] : [line, `${indent}   → ${printable(advice)}`];
  });
  return [header, ...described, '', summaryOf(findings)];
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter((one) => one.status === status).length;
  const warnings = count('warning');
  const counted = `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return `${count('ok')} ok, ${counted}, ${count('failed')} failed, ${count('skipped')} skipped`;
}

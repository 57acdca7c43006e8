import { expect, test } from 'vitest';
import { failed, ok } from '../../../../src/cli/doctor/finding.ts';
import { reportLines } from '../../../../src/cli/doctor/report.ts';

test('the report has a line for each finding, what to do, and a summary', () => {
  const lines = reportLines([ok('CRD', 'fine'), failed('leader', 'none', 'Look.')], (_, text) => text);
  expect(lines).toEqual([
    'STATUS   CHECK    RESULT',
    'ok       CRD      fine',
    'failed   leader   none',
    '         → Look.',
    '',
    '1 ok, 0 warnings, 1 failed, 0 skipped',
  ]);
});

import { expect, test } from 'vitest';
import { failed, ok, warning } from '../../../../src/cli/doctor/finding.ts';
import { reportLines } from '../../../../src/cli/doctor/report.ts';

test('the report has a line for each finding, what to do, and a summary', () => {
  const lines = reportLines(
    [ok('CRD', 'fine'), warning('version', 'other', 'Update.'), failed('leader', 'none', 'Look.')],
    (_, text) => text,
  );
  expect(lines).toEqual([
    'STATUS    CHECK     RESULT',
    'ok        CRD       fine',
    'warning   version   other',
    '          → Update.',
    'failed    leader    none',
    '          → Look.',
    '',
    '1 ok, 1 warning, 1 failed, 0 skipped',
  ]);
});

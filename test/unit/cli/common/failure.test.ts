import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliError, describeFailure } from '../../../../src/cli/common/failure.ts';
import { ConnectionError, errorFromResponse } from '../../../../src/kube/errors.ts';
import { PluginNotFoundError } from '../../../../src/kube/exec-plugin-process.ts';

function response(status: number, reason: string, message: string) {
  const body = JSON.stringify({ reason, message });
  return errorFromResponse('GET /apis/x', { status, body, repeatsValues: true });
}

describe('describeFailure', () => {
  it.each([
    [response(404, 'NotFound', 'accesskeys "a" not found'), 'Error from server (NotFound): accesskeys "a" not found'],
    [response(403, 'Forbidden', 'no'), 'Error from server (Forbidden): no'],
    [response(422, 'Invalid', 'spec: x'), 'Error from server (Invalid): spec: x'],
    [response(500, '', ''), 'Error from server: GET /apis/x: 500'],
    [
      new ConnectionError('no valid response', { cause: new Error('connect ECONNREFUSED') }),
      'Unable to connect to the server: no valid response: connect ECONNREFUSED',
    ],
    [new Error('boom'), 'error: boom'],
  ])('prints one line as kubectl does', (error, line) => {
    expect(describeFailure(error)).toEqual({ lines: [line], exitCode: 1 });
  });

  it('explains that the API server rejects the user', () => {
    const { lines, exitCode } = describeFailure(response(401, 'Unauthorized', 'Unauthorized'));
    expect(exitCode).toBe(1);
    expect(lines).toEqual([
      'error: You must be logged in to the server (Unauthorized)',
      expect.stringMatching(/^hint: the API server rejects the user of the context; choose another with --context/),
    ]);
  });

  it('names an exec plugin of the kubeconfig that is not installed', () => {
    const missing = new PluginNotFoundError({ command: 'my-plugin' }, new Error('ENOENT'));
    expect(describeFailure(new ConnectionError('no valid response', { cause: missing })).lines).toEqual([
      'error: the kubeconfig gets credentials with my-plugin, which is not found',
      expect.stringMatching(/^hint: add its directory to PATH/),
    ]);
  });

  it('adds the hint of a failure and uses its exit code', () => {
    const error = new CliError('it failed', { hint: 'do this', exitCode: 3 });
    expect(describeFailure(error)).toEqual({ lines: ['error: it failed', 'hint: do this'], exitCode: 3 });
  });

  it('does not send control characters of a server to the terminal', () => {
    const { lines } = describeFailure(response(403, 'Forbidden', 'a\u001b[2Jb\u009bc\u202ed\nsecond line'));
    expect(lines).toEqual(['Error from server (Forbidden): a?[2Jb?c?d\nsecond line']);
  });

  it('prints nothing for a failure that the command has reported', () => {
    expect(describeFailure(new CliError(''))).toEqual({ lines: [], exitCode: 1 });
    expect(describeFailure(new CommanderError(1, 'x', 'printed'))).toEqual({ lines: [], exitCode: 1 });
  });
});

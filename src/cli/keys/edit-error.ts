import { maxPairs } from '../../accesskey/change/addition.ts';
import { EditError, type EditProblem } from '../../accesskey/change/edit-pairs.ts';
import { CliError } from '../common/failure.ts';

/** @returns the error for the user if it is an EditError, otherwise the same error */
export function explainEdit(error: unknown, name: string): unknown {
  return error instanceof EditError ? cliError(error.problem, name) : error;
}

function cliError(problem: EditProblem, name: string): CliError {
  switch (problem.reason) {
    case 'too-many':
      return new CliError(`AccessKey "${name}" already has ${maxPairs} key pairs, which is the maximum`, {
        hint: `kubectl accesskey delete ${name}/PAIR deletes one`,
      });
    case 'overlap':
      return new CliError(`key pair ${name}/${problem.pair} has an overlap, so it counts as two enabled key pairs`, {
        hint: `rotate it with --overlap 0s, or disable or delete the other key pair`,
      });
    case 'name-taken':
      return new CliError(`key pair ${name}/${problem.pair} already exists`);
    case 'still-deleted':
      return new CliError(`key pair ${name}/${problem.pair} is still being deleted; try again later`);
    case 'no-pair':
      return new CliError(`key pair ${name}/${problem.pair} not found`);
  }
}

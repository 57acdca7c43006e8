// Child process of tests: starts a fleet with one program, prints its folder, and ends as its argument says.
import { createFleet } from '../../../../../tools/control-plane/fleet.ts';

const fleet = await createFleet((line) => process.stderr.write(`${line}\n`));
fleet.start('idle', process.execPath, ['-e', 'setInterval(() => undefined, 1000)', fleet.directory]);
process.stdout.write(`${fleet.directory}\n`);
await new Promise((resolve) => process.stdin.once('data', resolve));
if (process.argv[2] === 'error') throw new Error('nobody catches this');
if (process.argv[2] === 'exit') process.exit(3);
await new Promise(() => process.stdin.resume());

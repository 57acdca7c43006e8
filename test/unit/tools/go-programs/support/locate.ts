// Child process of tests: locates the binaries with its environment and prints the result.
import { locateBinaries } from '../../../../../tools/go-programs/locate.ts';

const binaries = await locateBinaries({ log: (line) => process.stdout.write(`${line}\n`) });
process.stdout.write(`Located ${binaries.etcd}\n`);

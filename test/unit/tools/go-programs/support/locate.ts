// Run as a child process: locates the binaries with the environment it was given, and reports.
import { locateBinaries } from '../../../../../tools/go-programs/locate.ts';

const binaries = await locateBinaries({ log: (line) => process.stdout.write(`${line}\n`) });
process.stdout.write(`Located ${binaries.etcd}\n`);

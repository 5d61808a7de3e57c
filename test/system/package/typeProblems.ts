import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';

// Prints what is wrong with the types of a tarball. A process of its own, because Vitest passes the condition `development` to Node.js, which then
// cannot load the library.
const analysis = await checkPackage(createPackageFromTarballData(readFileSync(process.argv[2]!)));
if (!analysis.types) throw new Error('The package has no types.');
process.stdout.write(JSON.stringify({ problems: analysis.problems, entrypoints: Object.keys(analysis.entrypoints) }));

// Nothing is imported before the version check: an older Node fails at the first file that it cannot parse.
const wanted = 24;

if (Number.parseInt(process.versions.node, 10) < wanted) {
  process.stderr.write(
    `arkloop: Node ${wanted} or newer is needed, this is ${process.versions.node}; "npm start" uses the one that "npm ci" chose\n`,
  );
  process.exitCode = 1;
} else {
  // Before any other code is compiled (docs/decisions/0103-requests-in-the-young-generation.md).
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Compiled code is kept beside the installed packages, where only who installed them can write.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/compiled`);
  const { main } = await import('./processes/start.ts');
  await main(process.argv.slice(2), process.env);
}

export {};

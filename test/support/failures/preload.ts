/** The option of Node.js that runs a program before the one of the process. */
export const preload = (program: string) => `--import=data:text/javascript,${encodeURIComponent(program)}`;

/** On SIGUSR2, the process fills its memory until it ends. Its heap is limited, so that this takes a second. */
export const fillsMemory = `--max-old-space-size=400 ${preload(
  `process.on('SIGUSR2', () => { const kept = []; for (;;) kept.push(new Array(1e6).fill(Math.random())); })`,
)}`;

// Baseline for the compile time without the client.
export const thread = { id: 'x', title: 'Plans' };
console.log(thread);

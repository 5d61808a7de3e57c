// What the compiler needs without the client.
export const thread = { id: 'x', title: 'Plans' };
console.log(thread);

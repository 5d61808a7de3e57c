/** A recorder (`@arkloop/client/recorder`) puts a function under this symbol on a response, through which its body, or each event of a stream, is read. */
export const observeBody = Symbol.for('arkloop.observeBody');

type Observe = <Value>(value: Value) => Value;

/** The function that observes what is read of a response; without a recorder, the identity. */
export const observerOf = (response: Response): Observe =>
  (response as { [observeBody]?: () => Observe })[observeBody]?.() ?? ((value) => value);

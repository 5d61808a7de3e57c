/** A recorder (`@arkloop/client/recorder`) puts a function under this symbol on the response of a stream, through which events are read. */
export const observeEvents = Symbol.for('arkloop.observeEvents');

type Observe = <Event>(event: Event) => Event;

/** The function that observes the events of a response; without a recorder, the identity. */
export const observerOf = (response: Response): Observe =>
  (response as { [observeEvents]?: () => Observe })[observeEvents]?.() ?? ((event) => event);

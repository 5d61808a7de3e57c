/** The server's own messages about a call to a model. Every other message of such a call is the provider's. */
const ownMessage =
  /^The ((answer of|request to|connection to|base URL of) the )?(model )?provider\b|^The model (did not answer|could not be asked|ended without an answer|wrote no summary)|^The newest input alone is too large/;

export const isOwnMessage = (message: string): boolean => ownMessage.test(message);

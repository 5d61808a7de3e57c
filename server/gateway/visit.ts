import { randomUUIDv7 } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ClientAddress } from '../kernel/clientAddress.ts';
import type { Span } from '../kernel/spans.ts';
import type { Place } from './geo.ts';
import { anonymous, type Identity } from './identity.ts';
import type { UserAgentType } from './userAgent.ts';

/** A request on its way through the gateway, and what has become known of it. */
export type Visit = {
  /** A UUIDv7 of its beginning. */
  readonly id: string;
  /** By the clock of `performance`. */
  readonly began: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly span: Span;
  /** The gateway's, until the API has answered with its own. */
  traceId: string;
  /** Without the query. */
  readonly path: string;
  readonly ip: ClientAddress;
  readonly secure: boolean;
  readonly place: Place;
  readonly agent: UserAgentType;
  identity: Identity;
  risk: number;
  /** What the gateway adds to the answer, whoever makes that. */
  headers: OutgoingHttpHeaders;
};

/** What is certain of a request when it arrives. */
export type Arrival = Omit<Visit, 'id' | 'began' | 'identity' | 'risk'>;

/** Nobody is known until the credential was looked at. */
export const newVisit = (arrival: Arrival): Visit => ({
  ...arrival,
  id: randomUUIDv7(),
  began: performance.now(),
  identity: anonymous,
  risk: 0,
});

/** The status of an answer that is over; 499 where the caller left before it. */
export const statusOf = ({ headersSent, statusCode }: ServerResponse): number => (headersSent ? statusCode : 499);

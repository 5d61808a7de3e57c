import { randomUUIDv7 } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ClientAddress } from '../platform/network/clientAddress.ts';
import type { Span } from '../platform/telemetry/spans.ts';
import type { GeoLocation } from './caller/geoIp.ts';
import { anonymous, type Identity } from './caller/identity.ts';
import type { UserAgentType } from './caller/userAgent.ts';

/** A request and its state while the gateway processes it. */
export type RequestContext = {
  /** UUIDv7, generated when the request arrives. */
  readonly id: string;
  /** Time of arrival by `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly span: Span;
  /** The gateway's trace id, replaced by the API's when the API responds. */
  traceId: string;
  /** Without the query. */
  readonly path: string;
  readonly ip: ClientAddress;
  readonly secure: boolean;
  readonly location: GeoLocation;
  readonly userAgentType: UserAgentType;
  identity: Identity;
  risk: number;
  /** Headers that the gateway adds to the response, its own or the API's. */
  headers: OutgoingHttpHeaders;
};

export type ArrivedRequest = Omit<RequestContext, 'id' | 'startedAt' | 'identity' | 'risk'>;

/** The caller is anonymous until the credential has been checked. */
export const newRequestContext = (arrival: ArrivedRequest): RequestContext => ({
  ...arrival,
  id: randomUUIDv7(),
  startedAt: performance.now(),
  identity: anonymous,
  risk: 0,
});

/** The status of a finished response; 499 if the client disconnected before it started. */
export const statusOf = ({ headersSent, statusCode }: ServerResponse): number => (headersSent ? statusCode : 499);

import type { Answer } from '../app/testApp.ts';

/** The status and error reason of a response. */
export const statusAndReason = ({ status, body }: Answer) => [status, body?.details?.reason];

/** The status of a response and the location of each validation issue. */
export const issuesOf = ({ status, body }: Answer) => [
  status,
  (body?.details?.issues ?? []).map(({ location, path }: { location: string; path: string }) => [location, path]),
];

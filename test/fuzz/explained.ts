/** Findings that are correct responses, matched by check, status, and operation. `why` is for reviewers. */
export type ExplainedFinding = {
  check: string;
  status: number;
  /** `METHOD path`. Without it the entry applies to all operations. */
  operations?: readonly string[];
  why: string;
};

/** An entry applies only if the operation documents every reason of the response under its status; `explanationOf` checks that. */
export const explainedFindings: readonly ExplainedFinding[] = [
  {
    check: 'positive_data_acceptance',
    status: 400,
    why: 'A schema cannot state the rule: existence, settings of the installation, consistency between values, Unicode and IANA tables.',
  },
  {
    check: 'positive_data_acceptance',
    status: 402,
    why: 'The requests of the run have used up the credits of the account.',
  },
  {
    check: 'negative_data_rejection',
    status: 413,
    why: 'The body is rejected for its size before it is compared with the schema.',
  },
  {
    check: 'not_a_server_error',
    status: 502,
    why: 'The operation calls a server that the caller named. No such server is reachable during a run, because requests stay on the machine.',
  },
  {
    check: 'max_response_time',
    status: 502,
    why: 'The operation waits for a server that the caller named and retries the request, within its timeouts.',
  },
  {
    check: 'not_a_server_error',
    status: 503,
    operations: ['POST /v1/admin/email/test'],
    why: 'The mail server that the run configures does not exist, so that no mail leaves the machine.',
  },
];

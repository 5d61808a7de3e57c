/** Findings that are right answers. Each names the check, the status, and by what the answer is known; the reason is for reviewers. */
export type Explained = {
  check: string;
  status: number;
  /** `METHOD path`, where it is no matter of all operations. */
  operations?: readonly string[];
  /** Values of `details.reason`. */
  reasons?: readonly string[];
  /** Parts of the first issue, where there is no reason. */
  messages?: readonly string[];
  why: string;
};

const refused = { check: 'positive_data_acceptance', status: 400 } as const;

export const explained: readonly Explained[] = [
  {
    ...refused,
    reasons: ['invalid_cursor'],
    why: 'A cursor is only what the same list gave out, which no schema can say. The document says so.',
  },
  {
    ...refused,
    reasons: ['inconsistent_values'],
    why: 'A rule between several values, such as a range that ends before it starts, is in no schema of one of them.',
  },
  {
    ...refused,
    reasons: [
      'token_invalid',
      'unknown_setting_key',
      'overrides_not_supported',
      'user_not_in_account',
      'project_not_found',
      'team_not_found',
    ],
    why: 'The value has the right form and names nothing that is there.',
  },
  {
    ...refused,
    reasons: [
      'base_url_denied',
      'invalid_url',
      'missing_hostname',
      'userinfo_denied',
      'fragment_denied',
      'unsupported_scheme',
      'localhost_denied',
      'private_ip_denied',
      'port_denied',
      'insecure_scheme_denied',
    ],
    why: 'Which addresses may be called is the policy of the installation.',
  },
  {
    check: 'not_a_server_error',
    status: 503,
    operations: ['POST /v1/admin/email/test'],
    reasons: ['smtp_failed'],
    why: 'The mail server that the run configures does not exist, so that nothing leaves the machine.',
  },
];

/** A file of a job. The path is absolute within the workspace, like `/data/sales.csv`. */
export type SandboxFile = { path: string; bytes: Uint8Array };

export type SandboxJob = {
  /** Jobs of one account do not delay those of others. */
  accountId: string;
  language: 'python' | 'javascript';
  code: string;
  /** Limit of the run of the code, without the start of the sandbox. */
  timeoutMs: number;
  /** Called when the job starts, so that jobs that wait keep no files in memory. What it throws, `run` throws. */
  files(): Promise<readonly SandboxFile[]>;
};

/** Everything in it comes from untrusted code, except that the limits of the sandbox hold. */
export type SandboxResult = {
  /** What the code printed, standard output and error in order. */
  output: string;
  isOutputCut: boolean;
  /** The value of the last expression. */
  value?: string | undefined;
  /** The exception that ended the code. */
  error?: string | undefined;
  /** New and changed files. Paths are as the code named them. */
  changed: SandboxFile[];
  deleted: string[];
};

export type SandboxLimitName = 'time' | 'memory' | 'output' | 'files';

/** The code was stopped because it exceeded a limit. Nothing of it remains. */
export class SandboxLimit extends Error {
  override name = 'SandboxLimit';
  readonly limit: SandboxLimitName;
  constructor(limit: SandboxLimitName, message: string) {
    super(message);
    this.limit = limit;
  }
}

/**
 * Executes untrusted code without access to the host, its network and its environment. Each job starts from nothing. Another implementation, such
 * as one with virtual machines, keeps the same promises: what the code wrote is returned, and a limit throws `SandboxLimit`.
 */
export type Sandbox = {
  /** Throws `SandboxLimit`, the reason of the signal, or another error if the sandbox failed. */
  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult>;
};

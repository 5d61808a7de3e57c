/** What the parent sends before the bytes of the files. Standard input stays open after them, until the parent ends. */
export type JobHeader = {
  language: 'python' | 'javascript';
  code: string;
  /** Limit of the run of the code, which the parent enforces. The child ends itself later if the parent does not. */
  timeoutMs: number;
  /** In the order of their bytes. */
  files: { path: string; size: number; sha256: string }[];
  /** Paths of Python wheels to install. */
  wheels: string[];
};

/** What the child answers: before the code runs, and after it, followed by the bytes of the changed files. */
export type Answer =
  | { ready: true }
  | { limit: 'output' | 'files' }
  | {
      output: string;
      isOutputCut: boolean;
      value?: string | undefined;
      error?: string | undefined;
      changed: { path: string; size: number }[];
      deleted: string[];
    };

export const sandboxLimits = {
  /** Characters of the output that are returned, and that the code may print. */
  outputChars: 50_000,
  printedChars: 20_000_000,
  /** Changed files of one job. */
  changedFiles: 200,
  changedBytes: 32 * 2 ** 20,
} as const;

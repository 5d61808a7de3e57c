import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const reasonOf = (test: TestCase) => {
  const result = test.result();
  return result.state === 'skipped' ? result.note : undefined;
};

/** One line per test that was skipped with a reason. Excludes tests that a filter left out. */
export function skippedTests(modules: readonly TestModule[], root: string): string[] {
  return modules.flatMap((module) =>
    [...module.children.allTests('skipped')].flatMap((test) => {
      const reason = reasonOf(test);
      return reason ? [`skipped: ${relative(root, module.moduleId)} > ${test.fullName}: ${reason}`] : [];
    }),
  );
}

/** Prints the skipped tests after the summary. */
export default class SkippedTests implements Reporter {
  #root = process.cwd();

  onInit(vitest: { config: { root: string } }) {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[]) {
    const lines = skippedTests(modules, this.#root);
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }
}

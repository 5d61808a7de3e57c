import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

const reasonOf = (test: TestCase) => {
  const result = test.result();
  return result.state === 'skipped' ? result.note : undefined;
};

function skippedTests(module: TestModule, file: string): string[] {
  return [...module.children.allTests('skipped')].flatMap((test) => {
    const reason = reasonOf(test);
    return reason ? [`skipped: ${file} > ${test.fullName}: ${reason}`] : [];
  });
}

const reasonsOf = (errors: readonly SerializedError[]) =>
  errors.map(({ message }) => message.slice(0, 1_000).replaceAll(/\s+/gu, ' ')).join('; ');

const serverErrorsOf = (test: TestCase) => (test.meta().serverErrors ?? []).map((line) => ` // server: ${line.slice(0, 500)}`).join('');

function failedTests(module: TestModule, file: string): string[] {
  const tests = [...module.children.allTests('failed')].map(
    (test) => `failed: ${file} > ${test.fullName}: ${reasonsOf(test.result().errors ?? [])}${serverErrorsOf(test)}`,
  );
  // An import that throws and a hook of a file or group have no test of their own.
  const suites = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors());
  return suites.length > 0 ? [...tests, `failed: ${file}: ${reasonsOf(suites)}`] : tests;
}

/** After the summary, prints a line for each failure and for each test that was skipped with a reason, but not for those that a filter left out. */
export default class SummaryReporter implements Reporter {
  #root = process.cwd();

  onInit(vitest: { config: { root: string } }) {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]) {
    const files = modules.map((module) => ({ module, file: relative(this.#root, module.moduleId) }));
    const lines = [
      ...files.flatMap(({ module, file }) => skippedTests(module, file)),
      ...files.flatMap(({ module, file }) => failedTests(module, file)),
      ...unhandledErrors.map((error) => `failed: outside of a test: ${reasonsOf([error])}`),
    ];
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }
}

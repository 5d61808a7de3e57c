import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The system tests that take longest, the longest first: one that starts last would run alone at the end. */
const system = [
  'faults/webhooks',
  'sandbox',
  'processes/apiProcesses.faults',
  'package/types',
  'faults/broadcast',
  'faults/scenario',
  'faults/network/halfOpen',
  'package/programs',
  'faults/gateways/cluster',
  'ops/cleanStop',
  'faults/faultRun/faultRun',
  'races.reservations',
  'regularExpressions',
  'attacks/slow',
  'faults/gateways/multipleGateways',
  'faults/workerDeath/workerDeath',
  'faults/workerDeath/workerDeath.answers',
  'models/ledger.model',
  'data/backup',
  'keyRotation/procedure',
  'ops/roles/servingRole',
  'ops/readiness',
  'ops/embedded',
  'faults/instance',
  'package/contents',
  'faults/workerDeath/workerDeath.loop',
  'processes/apiProcesses',
  'attacks/streams',
  'attacks/bodies',
  'faults/workerDeath/workerDeath.subagents',
  'faults/log',
  'faults/archive',
  'faults/postgres',
  'faults/outage',
  'processes/mcpServer',
].map((name) => `test/system/${name}.test.ts`);

/** Small files of `npm test` that take long. Without the durations of an earlier run, Vitest starts the largest files first, and these last. */
const small = [
  'routes/contract/contract.lists',
  'guides/sessions',
  'browser/guides',
  'browser/playground/keyboard',
  'agent/mcp/mcp.runs',
  'agent/mcp/mcp.servers',
  'agent/mcp/mcp.lifecycle',
  'api/threads/documents',
  'routes/conformance/server',
  'routes/conformance/mock',
  'routes/examples.faults',
  'unit/docs',
  'guides/site',
].map((name) => `test/${name}.test.ts`);

const longest = [...system, ...small];

/**
 * Vitest's order, except that the files of these lists are the first of their group, after the files with a worker of their own: a worker that files share
 * ends if the next file cannot share it.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const root = this.ctx.config.root;
    const rankOf = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(relative(root, moduleId));
      return at < 0 ? longest.length : at;
    };
    const placeOf = ({ project: { config } }: TestSpecification) => config.sequence.groupOrder * 2 + (config.isolate ? 0 : 1);
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b) || rankOf(a) - rankOf(b));
  }
}

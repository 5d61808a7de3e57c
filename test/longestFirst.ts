import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The system tests that take longest, the longest first: one that starts last would run alone at the end. */
const longest = [
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
  'faults/faultRun',
  'races.reservations',
  'regularExpressions',
  'attacks/slow',
  'faults/gateways/multipleGateways',
  'faults/workerDeath/workerDeath',
  'faults/workerDeath/workerDeath.answers',
  'models/ledger.model',
  'data/backup',
  'keyRotation/procedure',
  'ops/servingRole',
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

/** Vitest's order, except that the files of this list are the first of their group. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const root = this.ctx.config.root;
    const rankOf = ({ moduleId }: TestSpecification) => {
      const at = longest.indexOf(relative(root, moduleId));
      return at < 0 ? longest.length : at;
    };
    const groupOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return (await super.sort(files)).toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}

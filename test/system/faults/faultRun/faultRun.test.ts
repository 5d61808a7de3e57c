import { expect, test } from 'vitest';
import { runFaults } from '../../../faults/faultRun.ts';
import { describeFault, planFaults } from '../../../faults/plan.ts';

test('the seed alone decides the order, the kinds and the times of the faults', () => {
  expect(planFaults(7, 600)).toEqual(planFaults(7, 600));
  expect(planFaults(7, 60)).toEqual(planFaults(7, 600).slice(0, planFaults(7, 60).length));
  expect(planFaults(8, 60)).not.toEqual(planFaults(7, 60));
  expect(new Set(planFaults(7, 600).map(({ kind }) => kind)).size).toBe(25);
});

/** `npm run test:faults` runs longer, with a new seed each time. */
test('after twenty seconds of faults, every acknowledged write is present once, and nothing is left open', async () => {
  const lines: string[] = [];
  const report = await runFaults({ seed: 35, seconds: 20, people: 4, say: (line) => void lines.push(line) });
  expect(report.findings, lines.join('\n')).toEqual([]);
  expect(lines.slice(1)).toEqual(planFaults(35, 20).map(describeFault));
  expect(report.acknowledged).toBeGreaterThan(10);
});

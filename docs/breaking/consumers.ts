import type { Manifest } from '../../client/recorder/manifest.ts';
import type { Change, Comparison } from './change.ts';
import type { ApiDocument } from './document.ts';
import { locate, touchedBy, unusedParts } from './usage.ts';

/** An operation of a consumer that a change breaks, or that it should know about, with the parts that it uses. */
type Notice = { consumer: string; operation: string; uses: string[] };
/** `notices` is empty if no consumer uses what changes. */
type Impact = { change: Change; notices: Notice[] };

export type ConsumerReport = {
  consumers: { consumer: string; operations: number; unknown: string[] }[];
  impacts: Impact[];
  unused: { operations: string[]; fields: string[] };
};

/** Which consumers notice the breaking and announced changes, and what none of them uses. */
export function reportConsumers(
  { changes }: Comparison,
  base: ApiDocument,
  revision: ApiDocument,
  manifests: readonly Manifest[],
): ConsumerReport {
  const used = manifests.flatMap(({ consumer, operations }) =>
    Object.entries(operations).map(([operation, use]) => ({
      ...{ consumer, operation },
      places: { base: locate(base, operation, use), revision: locate(revision, operation, use) },
    })),
  );
  const impacts = changes
    .filter(({ weight }) => weight === 'breaking' || weight === 'announced')
    .map((change): Impact => {
      const notices = used.map(({ consumer, operation, places }) => ({ consumer, operation, uses: touchedBy(change, places) }));
      return { change, notices: notices.filter(({ uses }) => uses.length > 0) };
    });
  const isUnknown = ({ places }: (typeof used)[number]) => !places.base && !places.revision;
  const consumers = manifests.map(({ consumer, operations, unknown }) => ({
    consumer,
    operations: Object.keys(operations).length,
    unknown: [...unknown, ...used.filter((each) => each.consumer === consumer && isUnknown(each)).map(({ operation }) => operation)],
  }));
  return { consumers, impacts, unused: unusedParts(revision, manifests) };
}

/** The report as text. */
export function formatConsumers({ consumers, impacts, unused }: ConsumerReport): string {
  const lines = impacts.flatMap(({ change: { weight, rule, path }, notices }) => [
    `  ${weight}  ${rule}  ${path}`,
    ...(notices.length === 0
      ? ['    No consumer uses it.']
      : notices.map(({ consumer, operation, uses }) => `    ${consumer}: ${operation} (${uses.join(', ')})`)),
  ]);
  return [
    `Consumers: ${consumers.map(({ consumer, operations }) => `${consumer} (${operations} operations)`).join(', ')}`,
    ...lines,
    ...consumers.flatMap(({ consumer, unknown }) => unknown.map((what) => `  ${consumer} uses ${what}, which the API does not have.`)),
    `Used by no consumer: ${unused.operations.length} operations, and ${unused.fields.length} response fields of the others (--json lists them).`,
  ].join('\n');
}

import type { Change } from './change.ts';
import { type ApiDocument, dereference, type Json, schemasUsedIn, valueAt } from './document.ts';

/** A change as Redocly reports it. `value` is the part that was added or removed, or the value of `property`. */
export type ReportedChange = {
  path: string;
  typeName: string;
  kind: 'added' | 'removed' | 'modified';
  impact: 'major' | 'minor' | 'patch';
  property?: string;
  verdicts: { ruleId: string; impact: string; message: string }[];
  base?: { pointer: string; value?: unknown };
  revision?: { pointer: string; value?: unknown };
};

type Judgement = Pick<Change, 'weight' | 'rule' | 'message'> & { names?: string[] };
type Context = {
  base: ApiDocument;
  revision: ApiDocument;
  /** `2026-07-01` */
  today: string;
  /** The named schemas that requests use. A change of a named schema is reported at its first use, which may be in a response. */
  inRequests: ReadonlySet<string>;
  inResponses: ReadonlySet<string>;
};
type Rule = (change: ReportedChange, context: Context) => Judgement | undefined;

export const contextOf = (base: ApiDocument, revision: ApiDocument, today: string): Context => ({
  ...{ base, revision, today },
  inRequests: schemasUsedIn(base, 'request'),
  inResponses: schemasUsedIn(base, 'response'),
});

const componentOf = ({ base, revision }: ReportedChange) =>
  /^#\/components\/schemas\/([^/]+)/.exec(base?.pointer ?? revision?.pointer ?? '')?.[1] ?? '';
const inResponse = (change: ReportedChange, { inResponses }: Context) =>
  change.path.includes('/responses/') || inResponses.has(componentOf(change));
const inRequest = (change: ReportedChange, { inRequests }: Context) =>
  /\/(?:parameters|requestBody)\//.test(change.path) || inRequests.has(componentOf(change));
const missing = (from: readonly string[], other: readonly string[]) => from.filter((each) => !other.includes(each));
const words = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** The documented reasons of an error response. The document lists them in the description. */
const reasonsIn = (description: unknown): string[] =>
  [...(/Reasons: ((?:`\w+`(?:, )?)+)/.exec(String(description))?.[1] ?? '').matchAll(/\w+/g)].map(([reason]) => reason);

const removedReason: Rule = ({ typeName, property, base, revision }) => {
  if (typeName !== 'Response' || property !== 'description') return undefined;
  const [before, after] = [reasonsIn(base?.value), reasonsIn(revision?.value)];
  const removed = missing(before, after);
  if (removed.length > 0)
    return { weight: 'breaking', rule: 'reason-removed', message: `Errors no longer have the reasons ${words(removed)}.`, names: removed };
  const added = missing(after, before);
  return added.length > 0
    ? { weight: 'addition', rule: 'reason-added', message: `Errors have new reasons: ${words(added)}.`, names: added }
    : undefined;
};

/** A client that omits the value gets another result. Documenting a default that was not documented changes nothing. */
const changedDefault: Rule = (change, context) => {
  const { property, base, revision } = change;
  if (property !== 'default' || base?.value === undefined || !inRequest(change, context)) return undefined;
  const now = revision?.value === undefined ? 'no longer documented' : `now ${JSON.stringify(revision.value)}`;
  return { weight: 'breaking', rule: 'default-changed', message: `The default was ${JSON.stringify(base.value)} and is ${now}.` };
};

/** A client may wait for a variant, such as the event that ends a stream. */
const removedVariant: Rule = (change, context) => {
  const { base, revision } = context;
  const option = /^(.*)\/(?:oneOf|anyOf)\/\d+$/.exec(change.base?.pointer ?? '');
  if (change.kind !== 'removed' || !option || !inResponse(change, context)) return undefined;
  const union = valueAt(base, option[1]!);
  const newUnion = valueAt(revision, option[1]!) ?? unionAt(revision, change.path.replace(/\/(?:oneOf|anyOf)\/\d+$/, ''));
  const name = union?.discriminator?.propertyName;
  if (name === undefined) return undefined;
  const removed = missing(valuesOf(base, change.base!.pointer, name), variantsOf(revision, newUnion, name));
  if (removed.length === 0) return undefined;
  return { weight: 'breaking', rule: 'variant-removed', message: `No longer sent: ${name} ${words(removed)}.`, names: removed };
};

function variantsOf(document: ApiDocument, union: Json, name: string): string[] {
  const options: Json[] = union?.oneOf ?? union?.anyOf ?? [];
  return options.flatMap((option) => valuesIn(option.$ref ? valueAt(document, dereference(document, option.$ref)) : option, name));
}

const valuesOf = (document: ApiDocument, pointer: string, name: string) =>
  valuesIn(valueAt(document, dereference(document, pointer)), name);

function valuesIn(schema: Json, name: string): string[] {
  const { const: only, enum: values } = schema?.properties?.[name] ?? {};
  return [only === undefined ? (values ?? []) : only].flat().map(String);
}

/** The schema at a path of Redocly, which passes through references without naming them. */
function unionAt(document: ApiDocument, path: string): Json {
  let pointer = '#';
  for (const step of path.replace(/^#\//, '').split('/')) if (step !== '$ref') pointer = dereference(document, `${pointer}/${step}`);
  return valueAt(document, pointer);
}

const newlyDeprecated: Rule = ({ property, revision }) => {
  if (property === 'deprecated' && revision?.value === true) return { weight: 'announced', rule: 'deprecated', message: 'Deprecated.' };
  if (property === 'x-sunset')
    return { weight: 'announced', rule: 'sunset-changed', message: `Can be removed after ${String(revision?.value ?? 'no date')}.` };
  return undefined;
};

/** What is deprecated may be removed after its sunset. */
const afterSunset: Rule = ({ kind, base, typeName, verdicts }, { today }) => {
  if (kind !== 'removed' || !['Operation', 'PathItem', 'Schema', 'Parameter'].includes(typeName)) return undefined;
  const value = base?.value as Json;
  const parts: Json[] = typeName === 'PathItem' ? Object.values(value ?? {}).filter((part: Json) => part?.responses) : [value];
  const sunsets = parts.map((part) => (part?.deprecated === true ? part['x-sunset'] : undefined));
  const rule = verdicts[0]?.ruleId ?? 'removed';
  const message = verdicts[0]?.message ?? '';
  if (parts.length === 0 || sunsets.includes(undefined)) {
    const isOperation = ['operation-removed', 'path-removed'].includes(rule);
    return isOperation ? { weight: 'breaking', rule, message: `${message} It was not deprecated.` } : undefined;
  }
  const last: string = sunsets.sort().at(-1);
  return today > last
    ? { weight: 'announced', rule: 'removed-after-sunset', message: `${message} Its sunset was ${last}.` }
    : { weight: 'breaking', rule, message: `${message} Its sunset is only on ${last}.` };
};

/** Redocly has no rule for a request that no longer accepts additional properties. */
const refusedProperties: Rule = (change, context) =>
  change.property === 'additionalProperties' && change.revision?.value === false && inRequest(change, context)
    ? { weight: 'breaking', rule: 'additional-properties-refused', message: 'Unknown fields are now rejected.' }
    : undefined;

const changedPermission: Rule = ({ property }) =>
  property === 'x-permission'
    ? { weight: 'announced', rule: 'permission-changed', message: 'A different permission is required.' }
    : undefined;

/** Redocly calls these compatible. A value that is no longer sent is announced; a value that is now accepted is an addition. */
const changedValues: Rule = (change, context) => {
  if (change.property !== 'enum' || change.impact !== 'patch') return undefined;
  const [before, after] = [change.base?.value, change.revision?.value].map((value) => (Array.isArray(value) ? value.map(String) : []));
  const removed = missing(before!, after!);
  if (inResponse(change, context) && removed.length > 0)
    return { weight: 'announced', rule: 'enum-values-removed', message: `No longer sent: ${words(removed)}.` };
  const added = missing(after!, before!);
  return inRequest(change, context) && before!.length > 0 && added.length > 0
    ? { weight: 'addition', rule: 'enum-values-added', message: `New values: ${words(added)}.` }
    : undefined;
};

/** The parts of a document that are no parts of the API, and the definitions of components, whose uses are reported. */
const isDescriptive = ({ typeName, path }: ReportedChange) =>
  ['ExamplesMap', 'Example', 'Tag', 'TagGroup', 'DiscriminatorMapping', 'Discriminator', 'Server'].includes(typeName) ||
  /\/discriminator\/mapping\/[^/]*$/.test(path) ||
  path.startsWith('#/components/');

const added: Rule = (change) => {
  if (change.impact === 'major') return undefined;
  if (isDescriptive(change)) return { weight: 'other', rule: 'none', message: '' };
  if (change.impact !== 'minor') return undefined;
  return { weight: 'addition', rule: `${change.typeName.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()}-added`, message: nameOf(change) };
};

/** The name of what was added. */
function nameOf({ typeName, path, revision }: ReportedChange): string {
  const value = revision?.value as Json;
  const name = value?.operationId ?? (typeName === 'Parameter' ? value?.name : undefined) ?? path.split('/').at(-1);
  return `New: ${String(name).replaceAll('~1', '/')}.`;
}

/** A new `allOf` narrows what a request may contain; new enum values and union members widen it. */
const inNarrowedRequest = (change: ReportedChange, context: Context) => /\/allOf(?:\/|$)/.test(change.path) && inRequest(change, context);

/** Clients ignore unknown values and types, as the document requires. */
const toleratedAddition: Rule = (change, context) => {
  const { kind, verdicts, impact } = change;
  const isTolerated =
    impact === 'major' &&
    inResponse(change, context) &&
    !inNarrowedRequest(change, context) &&
    verdicts.every(({ ruleId }) => ruleId === 'enum-values-added' || (ruleId === 'schema-combinator-changed' && kind === 'added'));
  const { ruleId = 'none', message = '' } = verdicts[0] ?? {};
  return isTolerated ? { weight: 'announced', rule: ruleId, message } : undefined;
};

const redoclyVerdict: Rule = ({ impact, verdicts }) => {
  const { ruleId: rule = 'none', message = '' } = verdicts.find((verdict) => verdict.impact === impact) ?? {};
  return { weight: impact === 'major' ? 'breaking' : impact === 'minor' ? 'addition' : 'other', rule, message };
};

/** The first rule that applies decides. */
export const rules: readonly Rule[] = [
  refusedProperties,
  changedPermission,
  newlyDeprecated,
  afterSunset,
  removedReason,
  changedDefault,
  removedVariant,
  changedValues,
  added,
  toleratedAddition,
  redoclyVerdict,
];

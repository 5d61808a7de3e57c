import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as contract from '../contract/index.ts';
import { reasonsFile } from './client/reasons.ts';
import { routesFile } from './client/routes.ts';
import { typesFile } from './client/types.ts';
import { errorsGuide } from './errors.ts';
import { addExamples } from './openapi/addExamples.ts';
import { printJson } from './openapi/compact/printing.ts';
import { shareComponents } from './openapi/compact/sharing.ts';
import { readExamples } from './openapi/examples.ts';
import { openApi, openApi32 } from './openapi/openapi.ts';
import { undescribedParts } from './openapi/undescribed.ts';
import { permissionsFile } from './permissions.ts';

const root = new URL('../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const json = (value: unknown) => `${printJson(value)}\n`;

/** All files that are derived from the contract, with their expected text. */
export function derivedFiles(): Record<string, string> {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const document = shareComponents(addExamples(openApi(contract, version), contract, readExamples()), contract);
  const undescribed = undescribedParts(document);
  if (undescribed.length > 0) throw new Error(`The OpenAPI document does not describe ${undescribed.join(', ')}`);
  return {
    'docs/openapi.json': json(document),
    'docs/openapi-3.2.json': json(openApi32(document)),
    'docs/guides/errors.md': errorsGuide(contract),
    'docs/guides/permissions.md': permissionsFile(contract),
    'client/generated/reasons.ts': reasonsFile(contract),
    'client/generated/types.ts': typesFile(contract),
    'client/generated/routes.ts': routesFile(contract),
  };
}

/** The derived files whose text on disk is different. */
export const staleFiles = (files = derivedFiles()) => Object.keys(files).filter((file) => textOf(file) !== files[file]);

function textOf(file: string) {
  try {
    return read(file);
  } catch {
    return undefined;
  }
}

function main([option]: string[]) {
  const files = derivedFiles();
  const stale = staleFiles(files);
  if (option === '--check') {
    for (const file of stale) console.error(`${file} is stale: run npm run generate`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const file of stale) {
    const path = fileURLToPath(new URL(file, root));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files[file]!);
    console.log(`wrote ${file}`);
  }
}

if (import.meta.main)
  try {
    main(process.argv.slice(2));
  } catch (error) {
    // The message says what is missing; the stack trace does not help.
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }

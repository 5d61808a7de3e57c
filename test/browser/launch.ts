import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import manifest from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, '.cache');
const hasFonts = existsSync('/etc/fonts/fonts.conf');
const home = join(cache, `chromium-${manifest.devDependencies['@sparticuz/chromium']}`);

/**
 * Launches Chromium without the arguments of `@sparticuz/chromium`, which disable its security. Its libraries always come from that package, its
 * fonts only if the system has none. Both are visible only to the browser process.
 */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(home)) await unpackBrowser();
  const libraries = [join(home, 'al2023/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return chromium.launch({
    executablePath: join(home, 'chromium'),
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu'],
    env: { ...process.env, LD_LIBRARY_PATH: libraries, ...(hasFonts ? {} : { FONTCONFIG_PATH: join(home, 'fonts') }) },
  });
}

/**
 * The package unpacks into the temporary folder, and unpacks its libraries only on AWS Lambda. A separate process runs it, because it changes
 * the environment. The result is moved into place atomically, because several test files may need it at the same time.
 */
async function unpackBrowser(): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, 'chromium-'));
  const script = `import chromium from '@sparticuz/chromium'; await chromium.executablePath();`;
  const env = { TMPDIR: staging, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' };
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env });
  const fonts = join(staging, 'fonts/fonts.conf');
  writeFileSync(fonts, readFileSync(fonts, 'utf8').replaceAll('/tmp/fonts', join(home, 'fonts')));
  try {
    renameSync(staging, home);
  } catch (error) {
    if (!existsSync(home)) throw error;
    rmSync(staging, { recursive: true });
  }
}

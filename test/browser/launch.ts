import { setTimeout as delay } from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** A browser with its security on: the package's own arguments would switch it off. */
export async function launchBrowser(): Promise<Browser> {
  const launch = async () =>
    playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox', '--no-zygote', '--disable-gpu'] });
  // The package unpacks itself on first use, and another worker may be in the middle of it.
  return launch().catch(() => delay(5_000).then(launch));
}

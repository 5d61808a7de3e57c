import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openFiles } from '../../../server/platform/watchFiles.ts';

async function newFile() {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-watch-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  await writeFile(file, 'old');
  return file;
}

test('what is read while a file is written is not used, and readings do not overlap', async () => {
  const file = await newFile();
  let [readings, open, mostOpen] = [0, 0, 0];
  const read = async () => {
    mostOpen = Math.max(mostOpen, ++open);
    const text = await readFile(file, 'utf8');
    // Longer than the interval.
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Three times, another part is written after the reading.
    if (readings++ > 0 && readings < 5) await appendFile(file, `+${readings}`);
    open--;
    return text;
  };
  const { initial, watch } = await openFiles([file], read, 5);
  const used: string[] = [];
  const { close } = watch(
    (text) => void used.push(text),
    (error) => void used.push(error.message),
  );
  onTestFinished(close);
  await appendFile(file, '+1');
  await expect.poll(() => used).toEqual(['old+1+2+3+4']);
  expect([initial, mostOpen]).toEqual(['old', 1]);
});

test('a reading that fails is reported once and repeated, although the file does not change', async () => {
  const file = await newFile();
  let readings = 0;
  const read = async () => {
    if (++readings > 1 && readings < 5) throw new Error('not yet');
    return await readFile(file, 'utf8');
  };
  const { watch } = await openFiles([file], read, 5);
  const used: string[] = [];
  const { close } = watch(
    (text) => void used.push(text),
    (error) => void used.push(error.message),
  );
  onTestFinished(close);
  await writeFile(file, 'next');
  await expect.poll(() => used).toEqual(['not yet', 'next']);
});

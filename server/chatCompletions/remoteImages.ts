import { base64Length } from '../../contract/attachments.ts';
import type { UploadMemory } from '../http/body/uploadMemory.ts';
import type { ImagePart } from '../models/model.ts';
import { Failure, invalidField } from '../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../platform/outbound/outbound.ts';
import { detectImageType, hasTooManyPixels, tooManyPixels, typeDetectionBytes } from '../resources/attachments/types.ts';

/** An image of a request that is still at its URL. `at`: where the request has the URL. */
export type RemoteImage = { part: ImagePart; url: string; at: string };

type Image = Pick<ImagePart, 'mime_type' | 'data'>;
type Limits = { timeoutMs: number; maxBytes: number; maxTotalBytes: number };

/** Different URLs in one request. */
const maxUrls = 16;
const maxRedirects = 3;
/** One image is as large as an attachment may be, and all together as large as they could be as data URLs. */
const defaultLimits: Limits = { timeoutMs: 15_000, maxBytes: 3.5 * 2 ** 20, maxTotalBytes: 6 * 2 ** 20 };

/** Throws 400 for too many different URLs. */
export function checkUrls(images: readonly RemoteImage[]): void {
  const [first] = [...firstPlaces(images).values()].slice(maxUrls);
  if (first !== undefined) throw invalidField(first, `is one of more than ${maxUrls} different URLs of images`);
}

/** Each URL with the place that has it first. */
function firstPlaces(images: readonly RemoteImage[]): Map<string, string> {
  const places = new Map<string, string>();
  for (const { url, at } of images) if (!places.has(url)) places.set(url, at);
  return places;
}

/**
 * Fetches the images of a request and completes their parts. An image is fetched once, but counts as often as the request has its URL. Throws
 * 400 for an image that cannot be fetched, 503 if `memory` is full.
 */
export async function loadImages(
  outbound: OutboundClient,
  images: readonly RemoteImage[],
  { leaving, memory }: { leaving: AbortSignal; memory: UploadMemory },
  limits: Limits = defaultLimits,
): Promise<void> {
  if (images.length === 0) return;
  // The first failure ends the other requests.
  const others = new AbortController();
  const signal = AbortSignal.any([leaving, others.signal, AbortSignal.timeout(limits.timeoutMs)]);
  let left = limits.maxTotalBytes;
  const take = (bytes: number) => {
    memory.add(bytes);
    left -= bytes;
    if (left < 0) throw new Unusable(tooLarge(limits));
  };
  const load = async ([url, at]: [string, string]): Promise<[string, Image]> => {
    try {
      return [url, await fetchImage(outbound, url, signal, limits, take)];
    } catch (error) {
      leaving.throwIfAborted();
      throw failureOf(error, at, limits);
    }
  };
  try {
    const loaded = new Map(await Promise.all([...firstPlaces(images)].map(load)));
    let chars = 0;
    for (const { part, url, at } of images) {
      Object.assign(part, loaded.get(url));
      chars += part.data.length;
      if (chars > base64Length(limits.maxTotalBytes)) throw invalidField(at, tooLarge(limits), 'image_not_fetched');
    }
  } finally {
    others.abort();
  }
}

const tooLarge = ({ maxTotalBytes }: Limits) => `exceeds ${maxTotalBytes} bytes together with the other images`;

class Unusable extends Error {
  override name = 'Unusable';
}

/** Hides why a connection failed: it would reveal which ports are open. */
function failureOf(error: unknown, at: string, { timeoutMs }: Limits): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof OutboundDenied) return invalidField(at, error.message, error.reason);
  if (error instanceof Unusable) return invalidField(at, error.message, 'image_not_fetched');
  return invalidField(at, `could not be fetched within ${timeoutMs / 1_000} s`, 'image_not_fetched');
}

async function fetchImage(
  outbound: OutboundClient,
  url: string,
  signal: AbortSignal,
  { maxBytes }: Limits,
  take: (bytes: number) => void,
): Promise<Image> {
  const response = await follow(outbound, url, signal);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Unusable(`must be at most ${maxBytes} bytes`);
    take(chunk.length);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const mime_type = await detectImageType(bytes.subarray(0, typeDetectionBytes));
  if (mime_type === undefined) throw new Unusable('is not a PNG, JPEG, GIF or WebP image');
  if (hasTooManyPixels(bytes, mime_type)) throw new Unusable(tooManyPixels);
  return { mime_type, data: bytes.toString('base64') };
}

const withoutFragment = (url: string) => url.split('#', 1)[0]!;

/** Checks the target of each redirect like the first URL. */
async function follow(outbound: OutboundClient, start: string, signal: AbortSignal) {
  let url = withoutFragment(start);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await outbound.fetch(url, { signal, headers: { accept: 'image/png, image/jpeg, image/webp, image/gif' } });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (location === null) throw new Unusable(`could not be fetched: status ${response.status}`);
    url = withoutFragment(URL.parse(location, url)?.href ?? location);
  }
  throw new Unusable(`redirects more than ${maxRedirects} times`);
}

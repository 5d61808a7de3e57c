import type { OutboundClient, OutboundInit } from '../../../platform/outbound/outbound.ts';

/** Base URLs of the vendors with a fixed public address. */
export type VendorUrls = { tavily: string; duckduckgo: string; jina: string; firecrawl: string };

export const defaultVendorUrls: VendorUrls = {
  tavily: 'https://api.tavily.com',
  duckduckgo: 'https://html.duckduckgo.com',
  jina: 'https://r.jina.ai',
  firecrawl: 'https://api.firecrawl.dev',
};

/** A vendor request that failed. Omits the vendor's message, which may repeat the API key. */
export class VendorFailure extends Error {
  override name = 'VendorFailure';
  readonly statusCode: number | undefined;
  constructor(statusCode?: number) {
    super('The provider of the tool failed.');
    this.statusCode = statusCode;
  }
}

const maxBytes = 8 * 2 ** 20;

/** Returns the body of a 200 response. Throws `VendorFailure` for everything else. */
export async function fetchVendor(outbound: OutboundClient, url: string, init: OutboundInit): Promise<string> {
  let statusCode: number | undefined;
  try {
    const response = await outbound.fetch(url, init);
    if (response.status !== 200) {
      statusCode = response.status;
      await response.body?.cancel();
      throw new VendorFailure(statusCode);
    }
    const { bytes, cut } = await readUpTo(response.body, maxBytes);
    if (cut) throw new VendorFailure();
    return bytes.toString('utf8');
  } catch (error) {
    throw error instanceof VendorFailure ? error : new VendorFailure(statusCode);
  }
}

export const jsonRequest = (apiKey: string | undefined, body: unknown): OutboundInit => ({
  method: 'POST',
  headers: {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
  },
  body: JSON.stringify(body),
});

/** Reads at most `most` bytes of a body, after decompression. */
export async function readUpTo(body: AsyncIterable<Uint8Array> | null, most: number): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, most), cut: size > most };
}

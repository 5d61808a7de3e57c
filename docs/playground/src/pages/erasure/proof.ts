import type { Erasure } from '../../../../../client/index.ts';
import { client } from '../../session.ts';

export const isOpenErasure = ({ state }: Pick<Erasure, 'state'>) => state === 'scheduled' || state === 'running';

/** Saves the proof, and the keys that verify it, as the guide needs them. */
export async function downloadProof(id: string, readProof: (id: string) => Promise<string | null>) {
  const [proof, keys] = await Promise.all([readProof(id), client.erasures.keys()]);
  save(`proof-${id}.jws`, `${proof}\n`);
  save('keys.json', JSON.stringify(keys, undefined, 2));
}

function save(name: string, text: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

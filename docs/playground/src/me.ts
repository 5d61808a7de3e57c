import { useQuery } from '@tanstack/react-query';
import { client } from './session.ts';

/** Who is signed in, as seen from the active account. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => client.me.get(), staleTime: 60_000 });

import { useQuery } from '@tanstack/react-query';
import type { Me } from '../../../client/index.ts';
import { client } from './session.ts';

/** The signed-in user, with role and permissions in the active account. */
export const useMe = () => useQuery({ queryKey: ['me'], queryFn: () => client.me.get(), staleTime: 60_000 });

export const isPlatformAdmin = (me: Me) => me.role === 'platform_admin';

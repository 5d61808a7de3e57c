import { expect } from 'vitest';
import type { Person, TestApp } from '../app/testApp.ts';

/** Marks the address of a user as verified, as an administrator does. */
export async function verifyAddressOf({ call }: Pick<TestApp, 'call'>, { token }: Person, { id }: Pick<Person, 'id'>): Promise<void> {
  expect((await call('PATCH', `/v1/admin/users/${id}`, { token, body: { email_verified: true } })).status).toBe(200);
}

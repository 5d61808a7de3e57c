import type { SampleContext as HttpContext } from '../../../client/conformance/samples/fixtures.ts';
import type { Person, TestApp } from '../app/testApp.ts';

/** The test app and the user who creates samples. */
export type Maker = { app: TestApp; by: Person };

/** The context of samples over HTTP, with access to the app. */
export type SampleContext = HttpContext & Maker;

export const contextOf = async ({ app, by }: Maker): Promise<SampleContext> => ({
  ...{ app, by, call: app.call },
  borrowUser: () => app.signUp(),
  registerUser: () => app.signUp(),
  admin: await adminOf(app),
});

const admins = new WeakMap<TestApp['sql'], Promise<Person>>();

/** A platform admin, one per test app. */
export function adminOf(app: TestApp): Promise<Person> {
  const known = admins.get(app.sql) ?? app.signUpAdmin();
  admins.set(app.sql, known);
  return known;
}

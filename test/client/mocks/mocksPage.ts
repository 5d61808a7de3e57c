// Entry point of the bundle for mocks.browser.test.ts.
export { setupWorker } from 'msw/browser';
export * as sdk from '../../../client/index.ts';
export * as mocking from '../../../client/mocks/index.ts';

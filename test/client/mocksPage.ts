// What a page that is made without a server bundles.
export { setupWorker } from 'msw/browser';
export * as sdk from '../../client/index.ts';
export * as mocking from '../../client/mocks/index.ts';

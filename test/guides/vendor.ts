import { startHttpServer } from '../support/agent/mcp.ts';
import { chat, responses } from '../support/agent/vendor.ts';

/** Stands in for the model vendor whose address is in the documents. */
export const startVendor = () =>
  startHttpServer(async ({ url = '' }, res) => {
    const { steps = [] } = url.endsWith('/responses') ? responses.answer('On its way.') : chat.answer('On its way.');
    res.writeHead(200, { 'content-type': 'text/event-stream' }).end(steps.join(''));
  });

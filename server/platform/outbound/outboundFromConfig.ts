import type { Config } from '../config/config.ts';
import { createOutboundClient, type OutboundClient } from './outbound.ts';

type Switches = Pick<
  Config,
  | 'outboundAllowLoopbackHttp'
  | 'outboundExtraPorts'
  | 'outboundTrustFakeIp'
  | 'outboundProxyUrl'
  | 'outboundUserAgent'
  | 'outboundTimeoutMs'
  | 'outboundRetryCount'
>;

export const createOutboundFromConfig = (config: Switches): OutboundClient =>
  createOutboundClient({
    allowLoopbackHttp: config.outboundAllowLoopbackHttp,
    trustFakeIp: config.outboundTrustFakeIp,
    timeoutMs: config.outboundTimeoutMs,
    retryCount: config.outboundRetryCount,
    ...(config.outboundExtraPorts !== undefined && { extraPorts: config.outboundExtraPorts }),
    ...(config.outboundProxyUrl !== undefined && { proxyUrl: config.outboundProxyUrl }),
    ...(config.outboundUserAgent !== undefined && { userAgent: config.outboundUserAgent }),
  });

import type { Config } from './config.ts';
import { createOutbound, type Outbound } from './outbound.ts';

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

/** The guarded way out as the configuration wants it. */
export const openOutbound = (config: Switches): Outbound =>
  createOutbound({
    allowLoopbackHttp: config.outboundAllowLoopbackHttp,
    trustFakeIp: config.outboundTrustFakeIp,
    timeoutMs: config.outboundTimeoutMs,
    retryCount: config.outboundRetryCount,
    ...(config.outboundExtraPorts !== undefined && { extraPorts: config.outboundExtraPorts }),
    ...(config.outboundProxyUrl !== undefined && { proxyUrl: config.outboundProxyUrl }),
    ...(config.outboundUserAgent !== undefined && { userAgent: config.outboundUserAgent }),
  });

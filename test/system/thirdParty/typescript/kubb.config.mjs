import { defineConfig } from '@kubb/core';
import { pluginClient } from '@kubb/plugin-client';
import { pluginOas } from '@kubb/plugin-oas';
import { pluginTs } from '@kubb/plugin-ts';
import { pluginZod } from '@kubb/plugin-zod';

// The guide of the generated clients has the same setting.
const transformers = { name: (name) => name.replace('econdFactorSetup', 'econdFactorSecret') };

export default defineConfig({
  input: { path: process.env.DOCUMENT },
  output: { path: process.env.OUTPUT, format: false, lint: false },
  plugins: [
    pluginOas({ generators: [] }),
    pluginTs({ output: { path: 'types' }, transformers }),
    pluginClient({ output: { path: 'client' }, client: 'fetch', bundle: true }),
    pluginZod({ output: { path: 'zod' }, version: '4', transformers }),
  ],
});

// swagger-typescript-api reads `:cancel` in `/v1/runs/{run_id}:cancel` as a parameter, so the colon is hidden from it.
export default {
  hooks: {
    onPreBuildRoutePath: (path) => path.replaceAll(':', '%3A'),
    onBuildRoutePath: (built) => ({ ...built, route: built.route.replaceAll('%3A', ':') }),
  },
};

/** Served at `/` if the playground is not built. */
export const plainPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Arkloop API</title>
</head>
<body>
<h1>Arkloop API</h1>
<p>The API is running. Its <a href="/docs">reference</a> tells what it can do; the description itself is at <a href="/openapi.json">/openapi.json</a>.</p>
<p>The playground is not built here: install with the development packages to have it.</p>
</body>
</html>
`;

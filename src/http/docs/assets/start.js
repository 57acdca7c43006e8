// Starts Swagger UI on the document of this server. Runs in the browser.
SwaggerUIBundle({
  url: new URL('openapi.json', document.baseURI).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // What is entered here is gone when the page is closed.
  persistAuthorization: false,
  // The badge would send the document's address to a service elsewhere.
  validatorUrl: null,
  // Neither the session of the console, nor the browser's own question for a password after a 401.
  requestInterceptor: (request) => ({ ...request, credentials: 'omit' }),
});

// Starts Swagger UI with the OpenAPI document of this server. Runs in the browser.
SwaggerUIBundle({
  url: new URL('openapi.json', document.baseURI).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // Credentials are forgotten when the page is closed.
  persistAuthorization: false,
  // Disables the badge, which would send the URL of the document to an external service.
  validatorUrl: null,
  // Sends no session cookie of the console, and prevents the password dialog of the browser after a 401.
  requestInterceptor: (request) => ({ ...request, credentials: 'omit' }),
});

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

// The theme of the console; without the console, the page has no theme and stays light.
const { theme } = document.documentElement.dataset;
const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const showTheme = () =>
  document.documentElement.classList.toggle('dark-mode', theme === 'dark' || (theme === 'auto' && darkSystem.matches));
darkSystem.addEventListener('change', showTheme);
showTheme();

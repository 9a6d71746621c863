// Its own file, because the page's content security policy allows no script inside the page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null, // else swagger.io would be asked
});

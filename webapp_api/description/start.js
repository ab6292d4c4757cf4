SwaggerUIBundle({
  dom_id: "#api",
  url: "/api/openapi.json",
  deepLinking: true,
  displayOperationId: true,
  tryItOutEnabled: true,
  validatorUrl: null,  // would be a foreign host
});
